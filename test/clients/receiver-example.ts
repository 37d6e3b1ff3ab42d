import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { send } from '../support/client.js';
import { until } from '../support/wait.js';

export const EXAMPLES = resolve(import.meta.dirname, '../../clients/typescript/examples');

const { PATH = '', HOME = '' } = process.env;
export const EXAMPLES_ENVIRONMENT = { PATH, HOME, NEXT_TELEMETRY_DISABLED: '1' };

const START_DEADLINE_MS = 60_000;
/** A server may first wait for the connections that Tidings keeps open. */
const STOP_DEADLINE_MS = 10_000;

export interface SignedRequest {
  headers: Record<string, string>;
  body: string;
}

export interface Start {
  /** As the README has it, for a shell. */
  command: string;
  directory: string;
  port: number;
  env: NodeJS.ProcessEnv;
}

/** One example as a process, started by the command of the README. */
export class Example {
  output = '';
  readonly url: string;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    this.url = `http://127.0.0.1:${port}/webhooks`;
    for (const from of [child.stdout!, child.stderr!]) {
      from.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
  }

  static async start({ command, directory, port, env }: Start): Promise<Example> {
    // npx starts a process of its own: they are one group, so that a signal reaches all of it.
    const options = { cwd: directory, env: { ...env, PORT: String(port) }, shell: true, detached: true };
    const example = new Example(spawn(command, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }), port);
    try {
      await until(
        'the example to answer',
        () => example.answers(),
        START_DEADLINE_MS,
        () => example.output,
      );
    } catch (error) {
      await example.stop();
      throw error;
    }
    return example;
  }

  post({ headers, body }: Pick<SignedRequest, 'headers'> & { body: string | Buffer }): ReturnType<typeof send> {
    return send(this.url, 'POST', '/webhooks', { headers, rawBody: body });
  }

  /** What it has printed about an event, once there is something. */
  linesOf({ id }: { id: string }): Promise<string[]> {
    return until(
      `the example to handle ${id}`,
      () => {
        const lines = this.output
          .split('\n')
          .slice(0, -1)
          .filter((line) => line.includes(id));
        return lines.length > 0 && lines;
      },
      undefined,
      () => this.output.slice(-2_000),
    );
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const closed = once(this.child, 'close');
    const signal = (name: NodeJS.Signals) => process.kill(-this.child.pid!, name);
    signal('SIGTERM');
    const timer = setTimeout(() => signal('SIGKILL'), STOP_DEADLINE_MS);
    await closed;
    clearTimeout(timer);
  }

  private async answers(): Promise<boolean> {
    if (this.hasEnded) throw new Error(`the example ended instead of starting\n${this.output}`);
    return (await send(this.url, 'GET', '/').catch(() => undefined)) !== undefined;
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

/** A request such as Tidings sends, signed by the reference implementation. */
export function signedRequest(secret: string, body: string, at = new Date()): SignedRequest {
  const id = idOf(body);
  const standard = new Webhook(Buffer.from(secret).toString('base64'));
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': standard.sign(id, at, body),
    },
  };
}

/** The body of a delivery that never was. */
export function bodyOf(tenantId: string): string {
  return JSON.stringify({
    id: randomUUID(),
    event: 'integrated_account:created',
    payload: { tenant_id: tenantId },
    environment_id: randomUUID(),
    created_at: '2021-08-10T10:00:00.000Z',
    webhook_id: randomUUID(),
  });
}

export function idOf(body: string): string {
  return (JSON.parse(body) as { id: string }).id;
}
