export interface LookingPaceOptions {
  /** Milliseconds between two looks. */
  everyMs: number;
  /** The same, once nothing was found for a while. */
  idleMs: number;
  /** So many looks in vain. */
  idleAfter: number;
}

/** Timers may fire a little early. */
const TIMER_SLACK_MS = 50;

/**
 * How often to look into the database for work that somebody else may have left there. Each look costs an idle process
 * half a millisecond, and two on the embedded engine.
 */
export class LookingPace {
  private inVain = 0;
  private nextAt = -Infinity;

  constructor(private readonly options: LookingPaceOptions) {}

  /** Milliseconds until the next look. */
  get waitMs(): number {
    return this.isIdle ? this.options.idleMs : this.options.everyMs;
  }

  /** For rounds that come at `everyMs` anyway: whether this one is to look. Only idle ones are left out. */
  get isDue(): boolean {
    return performance.now() >= this.nextAt;
  }

  looked(hasFound: boolean): void {
    this.inVain = hasFound ? 0 : this.inVain + 1;
    this.nextAt = this.isIdle ? performance.now() + this.options.idleMs - TIMER_SLACK_MS : -Infinity;
  }

  private get isIdle(): boolean {
    return this.inVain >= this.options.idleAfter;
  }
}
