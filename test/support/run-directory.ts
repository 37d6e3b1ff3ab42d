import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from 'fs-native-extensions';

const LOCK_POLL_MS = 50;

/** Where a run of the tests keeps its files. */
export function runDirectory(): string {
  const path = process.env['TIDINGS_TEST_RUN'];
  if (path === undefined) throw new Error('test/support/global-setup.mjs has not run');
  return path;
}

/** Runs `make` in the first of Jest's workers that gets here; it must leave `path`. The others wait. */
export async function oncePerRun(path: string, make: () => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  const fd = openSync(`${path}.lock`, 'a');
  try {
    // A lock of the kernel's: a worker that dies here does not hold up the others.
    while (!tryLock(fd)) await sleep(LOCK_POLL_MS);
    if (!existsSync(path)) await make();
  } finally {
    closeSync(fd);
  }
}
