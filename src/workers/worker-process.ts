import cluster from 'node:cluster';
import type { FromSupervisor, FromWorker } from './messages.js';
import type { Placement } from './placement.js';
import { Siblings } from './siblings.js';

/** This process among the workers: what it hears from its supervisor, and what it tells. */
export class WorkerProcess {
  readonly siblings = new Siblings({ send: (message) => this.tell(message) });
  /** Whether the others go on serving when this one stops. */
  private readonly othersServe = new Promise<boolean>((resolve) => {
    process.on('message', (message: FromSupervisor) => {
      if (message.kind === 'others') resolve(message.serve);
      if (message.kind === 'stop') resolve(false);
    });
    process.once('disconnect', () => resolve(false));
  });

  constructor(private readonly placement: Placement) {
    // Else Node ends the process at once when its supervisor has gone, whatever is in flight.
    cluster.worker!.exitedAfterDisconnect = true;
  }

  /** No other worker listens. */
  get isAlone(): boolean {
    return this.placement.isAlone;
  }

  /** @param stop called when the supervisor says so, or has gone. */
  onStop(stop: (reason: string) => void): void {
    process.on('message', (message: FromSupervisor) => {
      if (message.kind === 'stop') stop(message.signal);
      else this.siblings.receive(message);
    });
    process.on('disconnect', () => stop('the supervisor has gone'));
    if (!process.connected) stop('the supervisor has gone');
  }

  tellPrepared(): void {
    this.tell({ kind: 'prepared' });
  }

  tellServing(): void {
    this.tell({ kind: 'serving' });
  }

  /**
   * From now on the readiness of the whole does not count this one.
   *
   * @returns whether the others go on serving. A signal to all of them may reach this one before it reaches the
   *   supervisor, so it is known at once only that all stop.
   */
  leave(): Promise<boolean> {
    this.tell({ kind: 'leaving' });
    return process.connected ? this.othersServe : Promise.resolve(false);
  }

  private tell(message: FromWorker): void {
    if (process.connected) process.send!(message, undefined, undefined, () => undefined);
  }
}
