import { type ChildProcess, fork } from 'node:child_process';
import { TYPESCRIPT_ARGUMENTS } from '../../test/support/typescript-worker.js';

const STOP_DEADLINE_MS = 2_000;

/** Functions of a helper process. Arguments and results travel as structured clones. */
type Procedures<P> = { [Name in keyof P]: (argument: never) => unknown };

interface Call {
  id: number;
  name: string;
  argument: unknown;
}

type Answer = { id: number; result: unknown } | { id: number; error: string };

/** Its work must not run in the process that is measured, nor in another helper. */
export class HelperProcess<P extends Procedures<P>> {
  private readonly waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  private lastId = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (answer: Answer) => {
      const call = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      if ('error' in answer) call?.reject(new Error(answer.error));
      else call?.resolve(answer.result);
    });
    child.on('exit', (code, signal) => {
      const error = new Error(`a helper process ended (${signal ?? code})`);
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    });
  }

  /** @param file a module that calls {@link serve}. */
  static start<P extends Procedures<P>>(file: URL): HelperProcess<P> {
    return new HelperProcess<P>(fork(file, { execArgv: TYPESCRIPT_ARGUMENTS, serialization: 'advanced' }));
  }

  get pid(): number {
    return this.child.pid!;
  }

  call<Name extends keyof P & string>(
    name: Name,
    argument: Parameters<P[Name]>[0],
  ): Promise<Awaited<ReturnType<P[Name]>>> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.child.send({ id, name, argument } satisfies Call, (error) => {
        if (error) reject(error);
      });
    });
  }

  /** Nothing in the process has to be saved. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    const deadline = setTimeout(() => this.child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(deadline);
  }
}

/** Answers the calls of the parent process, and ends with it. */
export function serve<P extends Procedures<P>>(procedures: P): void {
  process.on('message', (message) => {
    const { id, name, argument } = message as Call;
    const procedure = procedures[name as keyof P] as (argument: never) => unknown;
    Promise.resolve()
      .then(() => procedure(argument as never))
      .then(
        (result) => process.send?.({ id, result } satisfies Answer),
        (error: unknown) => process.send?.({ id, error: String((error as Error).stack) } satisfies Answer),
      );
  });
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches the whole group; the parent says when to end.
  process.on('SIGINT', () => undefined);
}
