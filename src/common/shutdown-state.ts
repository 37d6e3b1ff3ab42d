/** Whether this process has begun to stop: it is not ready then, and takes no new requests. */
export class ShutdownState {
  #isStopping = false;

  get isStopping(): boolean {
    return this.#isStopping;
  }

  begin(): void {
    this.#isStopping = true;
  }
}
