export interface Load {
  events: number;
  bytes: number;
}

/** What one environment may have waiting, in multiples of what is left: one alone gets four fifths. */
const ENVIRONMENT_FACTOR = 4;

/**
 * Bounds what waits, by the rule of engine/in-flight.ts: an environment adds only while it has less than four times as
 * much waiting as is left. So `n` fast publishers leave the others one part in `4 n + 1`, less the last request of
 * each.
 */
export class WaitingShare {
  private readonly total: Load = { events: 0, bytes: 0 };
  private readonly byEnvironment = new Map<string, Load>();

  constructor(private readonly limit: Load) {}

  get events(): number {
    return this.total.events;
  }

  /** @returns false, and counts nothing, when these would be too much. */
  tryToAdd(environmentId: string, load: Load): boolean {
    if (!this.hasRoomFor(environmentId, load)) return false;
    this.add(environmentId, load, 1);
    return true;
  }

  remove(environmentId: string, load: Load): void {
    this.add(environmentId, load, -1);
  }

  private hasRoomFor(environmentId: string, load: Load): boolean {
    const own = this.byEnvironment.get(environmentId);
    return this.fits('events', load, own) && this.fits('bytes', load, own);
  }

  private fits(unit: keyof Load, load: Load, own: Load | undefined): boolean {
    const left = this.limit[unit] - this.total[unit];
    return load[unit] <= left && (!own || own[unit] < ENVIRONMENT_FACTOR * left);
  }

  private add(environmentId: string, { events, bytes }: Load, sign: 1 | -1): void {
    const own = this.byEnvironment.get(environmentId) ?? { events: 0, bytes: 0 };
    for (const load of [this.total, own]) {
      load.events += sign * events;
      load.bytes += sign * bytes;
    }
    if (own.events > 0) this.byEnvironment.set(environmentId, own);
    else this.byEnvironment.delete(environmentId);
  }
}
