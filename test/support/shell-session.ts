import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { until } from './wait.js';

/** For one block of commands; the slowest starts Python and Node. */
const BLOCK_DEADLINE_MS = 30_000;

/**
 * One shell in which somebody types block after block: variables, functions and what runs in the background stay. It
 * ends at the first command that fails, or that uses a variable that was not set.
 */
export class ShellSession {
  private readonly shell: ChildProcess;
  private readonly closed: Promise<unknown>;
  private blocks = 0;
  private ended = 0;

  constructor(private readonly directory: string) {
    const { PATH = '', HOME = '' } = process.env;
    this.shell = spawn('bash', ['--noprofile', '--norc'], {
      cwd: directory,
      env: { PATH, HOME },
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      // A process group of its own, so that what it left in the background ends with it.
      detached: true,
    });
    this.closed = once(this.shell, 'close');
    this.input.on('error', () => undefined);
    (this.shell.stdio[3] as Readable).on('data', (told: Buffer) => (this.ended += told.length));
    this.input.write('set -euo pipefail\n');
  }

  /**
   * Runs the commands.
   *
   * @returns What they wrote to stdout.
   * @throws Error with what they wrote to stderr, when one fails or takes longer than 30 s.
   */
  async run(commands: string): Promise<string> {
    const name = join(this.directory, `.block-${++this.blocks}`);
    writeFileSync(name, `${commands}\n`);
    this.input.write(`. ${name} > ${name}.out 2> ${name}.err 3>&- < /dev/null\necho -n . >&3\n`);
    const output = (): string => readFileSync(`${name}.out`, 'utf8');
    const state = (): string => `${output()}\n${readFileSync(`${name}.err`, 'utf8')}`.trim();
    await until(
      'the block to end',
      () => {
        if (this.shell.exitCode !== null) throw new Error(`it ended with status ${this.shell.exitCode}\n${state()}`);
        return this.ended === this.blocks;
      },
      BLOCK_DEADLINE_MS,
      state,
    );
    return output();
  }

  async close(): Promise<void> {
    try {
      process.kill(-this.shell.pid!, 'SIGKILL');
    } catch {
      // All of the group has ended already.
    }
    await this.closed;
  }

  private get input(): Writable {
    return this.shell.stdin!;
  }
}
