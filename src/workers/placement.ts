/** Which of the workers a process is. */
export interface Placement {
  /** From 1. */
  worker: number;
  workers: number;
  /** No other worker listens: this one answers probes while it starts. */
  isAlone: boolean;
}

/** As arguments of the program, so that a list of processes tells which is which. */
export function argumentsOf({ worker, workers, isAlone }: Placement): string[] {
  return ['worker', String(worker), 'of', String(workers), ...(isAlone ? ['alone'] : [])];
}

/** @returns null: the arguments are not those of a worker. */
export function placementOf(args: readonly string[]): Placement | null {
  const [, worker, workers, alone] = /^worker (\d+) of (\d+)( alone)?$/.exec(args.join(' ')) ?? [];
  if (worker === undefined || workers === undefined) return null;
  return { worker: Number(worker), workers: Number(workers), isAlone: alone !== undefined };
}
