/** The leases in use here, each with the number of its holders. */
export class OpenLeases {
  private readonly holders = new Map<string, number>();

  hold(lease: string): void {
    this.holders.set(lease, (this.holders.get(lease) ?? 0) + 1);
  }

  drop(lease: string): void {
    const left = (this.holders.get(lease) ?? 0) - 1;
    if (left > 0) this.holders.set(lease, left);
    else this.holders.delete(lease);
  }

  list(): string[] {
    return [...this.holders.keys()];
  }
}
