import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const OWNER_ONLY = 0o600;

/** The credential that the file `name` in `dir` holds, or null when there is no such file. */
export async function readCredential(dir: string, name: string): Promise<string | null> {
  try {
    return (await readFile(join(dir, name), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Writes the credential as a file that only the owner can read, replacing an older one. A process that dies on the
 * way leaves the older file or the new one, never half of one.
 */
export async function writeCredential(dir: string, name: string, value: string): Promise<void> {
  await placeFile(dir, name, value, rename);
}

/**
 * Like `writeCredential`, unless the file is there already: then it stays. Of two processes that start at once on one
 * directory both end up with the same credential.
 *
 * @returns what the file holds in the end.
 */
export async function createCredential(dir: string, name: string, value: string): Promise<string> {
  try {
    await placeFile(dir, name, value, link);
    return value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readCredential(dir, name)) ?? value;
  }
}

async function placeFile(
  dir: string,
  name: string,
  value: string,
  place: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const temporary = join(dir, `.${name}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(`${value}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(temporary, join(dir, name));
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(dir);
}

/** The name of a new file is on the disk only once its directory is. */
async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
