import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;

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

/**
 * Makes the directory, for the owner alone. One that is there and empty, such as a fresh volume, is closed to others
 * as far as the file system lets us; one that holds something keeps the mode that its owner gave it.
 */
export async function prepareDataDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  if ((await readdir(dir)).length > 0) return;
  await chmod(dir, OWNER_ONLY_DIRECTORY).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPERM' && error.code !== 'ENOSYS') throw error;
  });
}

async function placeFile(
  dir: string,
  name: string,
  value: string,
  place: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const temporary = join(dir, `.${name}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', OWNER_ONLY_FILE);
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
