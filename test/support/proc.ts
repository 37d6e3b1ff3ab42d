import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { until } from './wait.js';

/* What the kernel tells of a process (proc(5)). */

/** Memory keeps still when it has moved by no more than so many bytes for so long. */
const STEADY_BYTES = 8 * 1_048_576;
const STEADY_MS = 2_000;
/** Optimising takes seconds on an idle machine, and more beside other tests. */
const STEADY_WITHIN_MS = 60_000;

/** Memory that it has at the moment, its shared part included. */
export function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kibibytes) * 1024;
}

/**
 * Its memory once that keeps still. V8 optimises the embedded engine's hot functions in the background, hundreds of
 * megabytes for seconds at a time; on Node 24 that begins when the service is ready.
 */
export async function steadyResidentBytes(pid: number): Promise<number> {
  let since = { bytes: residentBytes(pid), ms: Date.now() };
  await until(
    'its memory to keep still',
    () => {
      const bytes = residentBytes(pid);
      if (Math.abs(bytes - since.bytes) > STEADY_BYTES) since = { bytes, ms: Date.now() };
      return Date.now() - since.ms >= STEADY_MS;
    },
    STEADY_WITHIN_MS,
  );
  return residentBytes(pid);
}

/** Milliseconds that its main thread has been on a core. */
export function computedMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6;
}

/** What its file descriptors stand for: paths, or texts such as `socket:[4711]`. */
export function openFiles(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).flatMap((descriptor) => {
    try {
      return [readlinkSync(`${directory}/${descriptor}`)];
    } catch {
      // Closed since it was listed.
      return [];
    }
  });
}

export function openSockets(pid: number): number {
  return openFiles(pid).filter((file) => file.startsWith('socket:')).length;
}
