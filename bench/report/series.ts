/** One of several that follow one another at even distances. */
export interface SeriesPoint {
  /** Since the load began. */
  atSeconds: number;
  /** Of the events that were received since the point before. */
  receiptP50Ms: number;
  receiptP99Ms: number;
  /** The table with its indexes. */
  queueBytes: number;
  /** By table: the queue, and those that have most. */
  deadRows: Readonly<Record<string, number>>;
  /** Of the service's processes, in MB (10^6 bytes); null: it cannot be read. */
  residentMb: number | null;
}
