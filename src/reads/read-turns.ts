import { startTimer } from '../common/within.js';
import { ApiError } from '../http/errors.js';
import { ClientGoneError } from '../http/client-gone-error.js';
import { databaseBusy } from '../http/database-busy.js';

export interface Reader {
  environmentId: string;
  /** The API token, or `admin`. */
  tokenId: string;
  signal: AbortSignal;
}

export interface ReadLimits {
  stepsAtOnce: number;
  /** One token, or all tokens of an environment together, may read or wait for so many rows. */
  rowsPerToken: number;
  rowsPerEnvironment: number;
  /** How long a step waits for its turn, in milliseconds. */
  waitMs: number;
  /** A step's limit in milliseconds, its wait included. Then its read fails, and others go on. */
  answerMs: number;
  /**
   * How long its turn stays empty after a step while others want the database, in multiples of the step's time; absent:
   * not at all.
   */
  restShare?: number;
  /** Whether code other than reads wants the database now; absent: it may at any time. */
  isWantedByOthers?: () => boolean;
}

export type Step = <T>(work: () => Promise<T>) => Promise<T>;

/** Calls back after this many milliseconds, unless the returned function is called before. */
export type Timer = (ms: number, callback: () => void) => () => void;

interface WaitingStep {
  begin: () => void;
}

const RETRY_AFTER_S = 1;
const NO_ANSWER = 'The database did not answer in time';

/** A longer step was slow because of others. */
const LONGEST_REST_MS = 100;

/** Steps that end during the longest wait of a step (1 s), if the database answers: each takes 15 to 50 ms. */
const DONE_AT_LEAST = 4;

/**
 * After a step failed or was too slow, the database causes waits for this many milliseconds more: what has piled up is
 * read. A step takes 1.6 s at most until it fails (`REQUEST_PATIENCE`).
 */
const TROUBLE_LASTS_MS = 2_000;

/**
 * Divides the time for long reads. Each read runs in steps of some milliseconds, and few steps run at once, so the
 * database and the event loop stay free for publishing and sending. Environments take turns; within one, a step waits
 * behind earlier steps.
 *
 * Waiting reads are limited by rows of a token and of an environment, and by time. Beyond the limits a read gets a 429,
 * or a 503 if the database answers nobody. In total the server's connections limit them: each read has one.
 */
export class ReadTurns {
  /** Of the current reads, by token and by environment. */
  private readonly rows = new Map<string, number>();
  /** By environment. The first one is next, and then goes to the end. */
  private readonly waiting = new Map<string, WaitingStep[]>();
  private running = 0;
  private done = 0;
  /** `performance.now()` of when a step last failed, or took longer than one may wait. */
  private troubledAt = -Infinity;

  constructor(
    private readonly limits: ReadLimits,
    private readonly timer: Timer = startTimer,
  ) {}

  get stepsWaiting(): number {
    return [...this.waiting.values()].reduce((sum, steps) => sum + steps.length, 0);
  }

  get stepsRunning(): number {
    return this.running;
  }

  /**
   * @param rows about how many rows are read in total.
   * @param read does the work in steps. Its work outside of them must be short.
   * @throws ApiError RATE_LIMITED beyond the limits, DATABASE_BUSY when nothing can be read at all; ClientGoneError
   *   when nobody waits for the answer any more.
   */
  async run<T>(reader: Reader, rows: number, read: (step: Step) => Promise<T>): Promise<T> {
    const leave = this.enter(reader, rows);
    try {
      return await read((work) => this.step(reader, work));
    } finally {
      leave();
    }
  }

  private enter({ tokenId, environmentId }: Reader, rows: number): () => void {
    const { rowsPerToken, rowsPerEnvironment } = this.limits;
    const owners = [
      { key: `token ${tokenId}`, limit: rowsPerToken, message: 'This token reads too much at once' },
      {
        key: `environment ${environmentId}`,
        limit: rowsPerEnvironment,
        message: 'This environment reads too much at once',
      },
    ];
    for (const { key, limit, message } of owners) {
      const present = this.rows.get(key) ?? 0;
      // A single read is always allowed, however large it is.
      if (present > 0 && present + rows > limit) throw rateLimited(message);
    }
    for (const { key } of owners) this.rows.set(key, (this.rows.get(key) ?? 0) + rows);
    return () => {
      for (const { key } of owners) {
        const rest = this.rows.get(key)! - rows;
        if (rest > 0) this.rows.set(key, rest);
        else this.rows.delete(key);
      }
    };
  }

  private async step<T>({ environmentId, signal }: Reader, work: () => Promise<T>): Promise<T> {
    if (signal.aborted) throw new ClientGoneError();
    const askedAt = performance.now();
    if (this.running < this.limits.stepsAtOnce && this.waiting.size === 0) this.running += 1;
    else await this.turn(environmentId, signal);
    const waitedMs = performance.now() - askedAt;
    return this.inTime(this.limits.answerMs - waitedMs, this.work(work));
  }

  private async work<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      const outcome = await work();
      this.done += 1;
      return outcome;
    } catch (error) {
      this.troubledAt = performance.now();
      throw error;
    } finally {
      const tookMs = performance.now() - startedAt;
      if (tookMs > this.limits.waitMs) this.troubledAt = performance.now();
      this.passOn(tookMs);
    }
  }

  /** The caller has an answer in time. The work goes on and keeps its turn: it still has its connection. */
  private inTime<T>(ms: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancelTimer = this.timer(ms, () => reject(databaseBusy(NO_ANSWER)));
      work.finally(cancelTimer).then(resolve, reject);
    });
  }

  private passOn(tookMs: number): void {
    const pass = (): void => {
      this.running -= 1;
      this.startNext();
    };
    const { restShare = 0, isWantedByOthers = () => true } = this.limits;
    if (restShare === 0 || !isWantedByOthers()) pass();
    else this.timer(Math.min(tookMs * restShare, LONGEST_REST_MS), pass);
  }

  private turn(environmentId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        cancelTimer();
        signal.removeEventListener('abort', leave);
      };
      const giveUp = (error: Error): void => {
        end();
        this.takeOut(environmentId, step);
        reject(error);
      };
      const leave = (): void => giveUp(new ClientGoneError());
      const step: WaitingStep = {
        begin: () => {
          end();
          resolve();
        },
      };
      const before = { done: this.done, at: performance.now() };
      const cancelTimer = this.timer(this.limits.waitMs, () => {
        giveUp(this.isDatabaseInTheWay(before) ? databaseBusy(NO_ANSWER) : rateLimited('Too much is being read'));
      });
      signal.addEventListener('abort', leave);
      const steps = this.waiting.get(environmentId);
      if (steps) steps.push(step);
      else this.waiting.set(environmentId, [step]);
    });
  }

  /**
   * A step was in trouble since then or shortly before, or almost none has ended: then other reads are not the cause of
   * the wait.
   */
  private isDatabaseInTheWay(before: { done: number; at: number }): boolean {
    return this.troubledAt > before.at - TROUBLE_LASTS_MS || this.done - before.done < DONE_AT_LEAST;
  }

  private startNext(): void {
    while (this.running < this.limits.stepsAtOnce) {
      const next = this.waiting.entries().next();
      if (next.done) return;
      const [environmentId, steps] = next.value;
      const step = steps.shift()!;
      this.waiting.delete(environmentId);
      if (steps.length > 0) this.waiting.set(environmentId, steps);
      this.running += 1;
      step.begin();
    }
  }

  private takeOut(environmentId: string, step: WaitingStep): void {
    const steps = this.waiting.get(environmentId)!;
    steps.splice(steps.indexOf(step), 1);
    if (steps.length === 0) this.waiting.delete(environmentId);
  }
}

function rateLimited(message: string): ApiError {
  return new ApiError('RATE_LIMITED', `${message}; repeat the request in a moment`, {
    headers: { 'Retry-After': String(RETRY_AFTER_S) },
  });
}
