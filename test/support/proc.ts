import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/* What the kernel tells of a process (proc(5)). */

/** Memory that it has at the moment, its shared part included. */
export function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kibibytes) * 1024;
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
