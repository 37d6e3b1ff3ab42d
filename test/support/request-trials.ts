import { computedMs } from './proc.js';
import type { Service } from './process.js';
import type { ProcessMeter } from './process-meter.js';
import { exchange, type RawRequest } from './raw-exchange.js';
import { bestOf, brokenBounds, isBeyondDoubt, type Measured } from './request-bounds.js';

/** A request that takes the main thread for longer is a finding, and its process is ended: some take minutes. */
const COMPUTED_LIMIT_MS = 10_000;
/** By the clock. Beside other work a process may get a tenth of a core. */
const ANSWER_WITHIN_MS = 120_000;
const LOOK_MS = 100;

/** What breaks a bound is tried so many times in all: beside other work a core may be half as fast for a while. */
const TRIES = 5;

export interface Trial {
  measured: Measured;
  /** The bounds that were broken in every try. */
  broken: string[];
}

/** Sends one request at a time to a metered service and tells which bounds it breaks. */
export class RequestTrials {
  constructor(
    private readonly service: Service,
    private readonly meter: ProcessMeter,
  ) {}

  /** A bound that is kept once is kept: then the machine was to blame. */
  async of(request: RawRequest): Promise<Trial> {
    const tries: Measured[] = [];
    for (;;) {
      tries.push(await this.once(request));
      const measured = bestOf(tries);
      const broken = brokenBounds(measured);
      if (broken.length === 0 || tries.length === TRIES || isBeyondDoubt(measured)) return { measured, broken };
    }
  }

  async once(request: RawRequest): Promise<Measured> {
    await this.meter.begin();
    const patience = new AbortController();
    const looking = this.endWhenHopeless(patience);
    const answer = await exchange(this.service.url, request, patience.signal);
    clearInterval(looking);
    const reading = patience.signal.aborted ? null : await this.meter.end().catch(() => null);
    if (reading === null) await this.startAnew();
    return { ...answer, sentBytes: request.body?.length ?? 0, reading };
  }

  private endWhenHopeless(patience: AbortController): NodeJS.Timeout {
    const { pid } = this.service;
    const until = Date.now() + ANSWER_WITHIN_MS;
    const before = computedMs(pid);
    return setInterval(() => {
      const isOver = !this.service.isRunning || Date.now() > until || computedMs(pid) - before > COMPUTED_LIMIT_MS;
      if (isOver) patience.abort();
    }, LOOK_MS);
  }

  private async startAnew(): Promise<void> {
    if (this.service.isRunning) await this.service.kill('SIGKILL');
    await this.service.restart();
  }
}
