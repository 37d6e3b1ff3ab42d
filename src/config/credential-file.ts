import { randomBytes } from 'node:crypto';
import { link, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const OWNER_ONLY = 0o600;

/** For the temporary name under which a file is written first. */
const RANDOM_BYTES = 6;

export async function readCredential(dir: string, name: string): Promise<string | null> {
  try {
    return (await readFile(join(dir, name), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Only the owner can read the file. A process that dies meanwhile leaves the older file or the new one, never half of
 * one.
 */
export async function writeCredential(dir: string, name: string, value: string): Promise<void> {
  await placeFile(dir, name, value, rename);
}

/**
 * Keeps an existing file. If two processes start at once in one directory, both get the same credential.
 *
 * @returns the final content of the file.
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

/**
 * Removes temporary files that killed processes left. Only for the sole owner of the directory: another process may be
 * writing.
 */
export async function sweepCredentials(dir: string, names: readonly string[]): Promise<void> {
  const left = new RegExp(`^\\.(${names.join('|')})\\.[0-9a-f]{${2 * RANDOM_BYTES}}$`);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isFile() && left.test(entry.name)) await rm(join(dir, entry.name), { force: true });
  }
}

async function placeFile(
  dir: string,
  name: string,
  value: string,
  place: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const temporary = join(dir, `.${name}.${randomBytes(RANDOM_BYTES).toString('hex')}`);
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

/** The name of a new file is on the disk only after its directory is synced. */
async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
