import { ApiError } from '../common/errors.js';
import { ClientGoneError } from '../common/client-gone-error.js';
import { databaseBusy } from '../common/database-busy.js';

/** For whom something is read. */
export interface Reader {
  environmentId: string;
  /** The API token, or `admin`. */
  tokenId: string;
  /** Aborted when the client has left. */
  signal: AbortSignal;
}

export interface ReadLimits {
  /** Steps that run at the same time. */
  stepsAtOnce: number;
  /** Rows that one token, and all of an environment, may be reading or waiting for. */
  rowsPerToken: number;
  rowsPerEnvironment: number;
  /** How long a step waits for its turn, in milliseconds. */
  waitMs: number;
  /**
   * For how long its turn stays empty after a step while others want the database, in multiples of what the step took; absent:
   * not at all.
   */
  restShare?: number;
  /** Whether others than those who read want the database now; absent: they may at any time. */
  isWantedByOthers?: () => boolean;
}

/** Runs a piece of a read in a turn of its own. */
export type Step = <T>(work: () => Promise<T>) => Promise<T>;

/** Calls back after so many milliseconds, unless the function that it gives is called before. */
export type Timer = (ms: number, callback: () => void) => () => void;

interface WaitingStep {
  begin: () => void;
}

const RETRY_AFTER_S = 1;

/** A step that took longer did so for others' sake. */
const LONGEST_REST_MS = 100;

/** Steps that come to their end while one waits as long as it may (0.3 s), where the database answers: each takes 15 to 50 ms. */
const DONE_AT_LEAST = 4;

/**
 * Shares out the time for reads that take long. Each is done in steps of some milliseconds, and a few steps run at once,
 * so that they leave the database and the event loop to those who publish and send. Environments take turns, whatever
 * they ask for; in one of them a step waits behind those that came before.
 *
 * What waits is bounded by rows, of a token and of an environment, and by time. Whoever is beyond gets a 429, and where the
 * database answers nobody a 503. Over all it is bounded by the connections that a server takes: each read has one.
 */
export class ReadTurns {
  /** Of the reads under way, by token and by environment. */
  private readonly rows = new Map<string, number>();
  /** By environment. The first one is next, and goes to the end then. */
  private readonly waiting = new Map<string, WaitingStep[]>();
  private running = 0;
  /** Steps that have ended well, and that failed. */
  private done = 0;
  private failed = 0;

  constructor(
    private readonly limits: ReadLimits,
    private readonly timer: Timer = realTimer,
  ) {}

  /** Steps that wait for their turn. */
  get stepsWaiting(): number {
    return [...this.waiting.values()].reduce((sum, steps) => sum + steps.length, 0);
  }

  /** Steps that run. */
  get stepsRunning(): number {
    return this.running;
  }

  /**
   * @param rows about how many rows are read in all.
   * @param read does the work in steps. What it does outside of them must not take long.
   * @throws ApiError RATE_LIMITED beyond the bounds, DATABASE_BUSY where nothing is read at all; ClientGoneError once nobody
   *   waits for the answer.
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
      // One read alone is let in, however large it is.
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
    if (this.running < this.limits.stepsAtOnce && this.waiting.size === 0) this.running += 1;
    else await this.turn(environmentId, signal);
    const startedAt = performance.now();
    try {
      const outcome = await work();
      this.done += 1;
      return outcome;
    } catch (error) {
      this.failed += 1;
      throw error;
    } finally {
      this.passOn(performance.now() - startedAt);
    }
  }

  /** Gives the turn of a step that took so long to the next. */
  private passOn(tookMs: number): void {
    const pass = (): void => {
      this.running -= 1;
      this.startNext();
    };
    const { restShare = 0, isWantedByOthers = () => true } = this.limits;
    if (restShare === 0 || !isWantedByOthers()) pass();
    else this.timer(Math.min(tookMs * restShare, LONGEST_REST_MS), pass);
  }

  /** Resolves when the step has its turn, and then it counts as running. */
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
      const before = { done: this.done, failed: this.failed };
      const cancelTimer = this.timer(this.limits.waitMs, () => {
        giveUp(
          this.isDatabaseInTheWay(before)
            ? databaseBusy('The database did not answer in time')
            : rateLimited('Too much is being read'),
        );
      });
      signal.addEventListener('abort', leave);
      const steps = this.waiting.get(environmentId);
      if (steps) steps.push(step);
      else this.waiting.set(environmentId, [step]);
    });
  }

  /** Whether steps have failed since then, or hardly any has come to its end: it is not those who read that others wait for. */
  private isDatabaseInTheWay(before: { done: number; failed: number }): boolean {
    return this.failed > before.failed || this.done - before.done < DONE_AT_LEAST;
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

function realTimer(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
