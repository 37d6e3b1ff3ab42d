import { Injectable } from '@nestjs/common';

/**
 * How many processes share the database, as the latest heartbeat found them; `deliveries` keeps it up to date. Before the
 * first heartbeat, and on the embedded engine, a process is alone.
 */
@Injectable()
export class LiveReplicas {
  private replicas = 1;

  get count(): number {
    return this.replicas;
  }

  note(count: number): void {
    this.replicas = count;
  }
}
