import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** USER_HZ: on Linux 100 for programs, on every architecture of ours. */
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

/** Of all threads of a process, in microseconds; null: it cannot be read. */
export function cpuMicrosOf(pid: number): number | null {
  const stat = statOf(pid);
  return stat && (stat[FIELD.utime]! + stat[FIELD.stime]!) * TICK_MICROS;
}

/**
 * Of a process and all that it started, also those that have ended, in microseconds. PostgreSQL is such a family: every
 * connection is a process.
 */
export function cpuMicrosOfFamily(pid: number): number | null {
  const stat = statOf(pid);
  if (!stat) return null;
  const ended = (stat[FIELD.cutime]! + stat[FIELD.cstime]!) * TICK_MICROS;
  return childrenOf(pid).reduce((sum, child) => sum + (cpuMicrosOf(child) ?? 0), cpuMicrosOf(pid)! + ended);
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => statOf(candidate)?.[FIELD.parent] === pid);
}

/** A process and those that it started: a service and its workers. */
export function familyOf(pid: number): number[] {
  return process.platform === 'linux' ? [pid, ...childrenOf(pid)] : [pid];
}

/** Of all processes, in microseconds; null: it cannot be read. */
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

export function parentOf(pid: number): number | null {
  return statOf(pid)?.[FIELD.parent] ?? null;
}

export function nameOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return null;
  }
}

/** The peak of the process's memory starts anew. */
export function forgetPeakMemory(pid: number): void {
  // proc_pid_clear_refs(5): 5 sets the peak to what is resident now.
  if (process.platform === 'linux') writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The most that was resident, in MB (10^6 bytes); null: it cannot be read. */
export function peakMemoryMbOf(pid: number): number | null {
  return memoryMbOf(pid, /^VmHWM:\s+(\d+) kB$/m);
}

/** Resident now, in MB (10^6 bytes); null: it cannot be read. */
export function residentMbOf(pid: number): number | null {
  return memoryMbOf(pid, /^VmRSS:\s+(\d+) kB$/m);
}

/** By a line of proc_pid_status(5). */
function memoryMbOf(pid: number, line: RegExp): number | null {
  try {
    const kib = line.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kib === undefined ? null : (Number(kib) * 1024) / 1e6;
  } catch {
    return null;
  }
}
