import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** USER_HZ, which Linux has held at 100 for programs on every architecture of ours. */
const TICK_MICROS = 10_000;

/** Fields of /proc/<pid>/stat after the command's name, counted from 0 (proc_pid_stat(5)). */
const FIELD = { parent: 1, utime: 11, stime: 12, cutime: 13, cstime: 14 } as const;

function statOf(pid: number): number[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    // Ended, or not Linux.
    return null;
  }
}

/** Processor time that a process has used with all of its threads, in microseconds; null where it cannot be read. */
export function cpuMicrosOf(pid: number): number | null {
  const stat = statOf(pid);
  return stat && (stat[FIELD.utime]! + stat[FIELD.stime]!) * TICK_MICROS;
}

/**
 * Processor time of a process and of all that it started, those that have ended included, in microseconds. PostgreSQL
 * is such a family: every connection is a process.
 */
export function cpuMicrosOfFamily(pid: number): number | null {
  const stat = statOf(pid);
  if (!stat) return null;
  const ended = (stat[FIELD.cutime]! + stat[FIELD.cstime]!) * TICK_MICROS;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => statOf(candidate)?.[FIELD.parent] === pid);
  return children.reduce((sum, child) => sum + (cpuMicrosOf(child) ?? 0), cpuMicrosOf(pid)! + ended);
}

/** Processor time that all processes of the machine have used, in microseconds; null where it cannot be read. */
export function cpuMicrosOfMachine(): number | null {
  try {
    // proc_stat(5): user, nice, system, idle, iowait, irq, softirq, …
    const ticks = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.split(/ +/).slice(1, 8).map(Number);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = ticks;
    return (user + nice + system + irq + softirq) * TICK_MICROS;
  } catch {
    return null;
  }
}

/** The process's parent; null where it cannot be read. */
export function parentOf(pid: number): number | null {
  return statOf(pid)?.[FIELD.parent] ?? null;
}

/** The name of the process's program; null where it cannot be read. */
export function nameOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return null;
  }
}

/** From now on the peak of the process's memory is that of what it does from now on. */
export function forgetPeakMemory(pid: number): void {
  // proc_pid_clear_refs(5): 5 sets the peak to what is resident now.
  if (process.platform === 'linux') writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The most memory that was resident at a time, in MB (10^6 bytes); null where it cannot be read. */
export function peakMemoryMbOf(pid: number): number | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kib === undefined ? null : (Number(kib) * 1024) / 1e6;
  } catch {
    return null;
  }
}
