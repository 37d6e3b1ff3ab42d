export class ShutdownState {
  private phase: 'serving' | 'leaving' | 'stopping' = 'serving';

  /** The process is not ready and asks clients to close their connections, but still serves requests. */
  get isLeaving(): boolean {
    return this.phase !== 'serving';
  }

  /** The process takes no new requests. It is leaving then, too. */
  get isStopping(): boolean {
    return this.phase === 'stopping';
  }

  leave(): void {
    if (this.phase === 'serving') this.phase = 'leaving';
  }

  begin(): void {
    this.phase = 'stopping';
  }
}
