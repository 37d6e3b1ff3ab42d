import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tryLock } from 'fs-native-extensions';

/** Another process owns the data directory. The message is meant for whoever started this one. */
export class DataDirectoryInUseError extends Error {
  constructor(path: string) {
    super(
      `The data directory ${path} is in use by another Tidings process. ` +
        'Stop that one, or give this one a directory of its own with DATA_DIR.',
    );
    this.name = 'DataDirectoryInUseError';
  }
}

const claimed = new Map<string, DataDirectory>();

/**
 * The directory of the embedded database and the first-boot credentials, owned by one process at a time: two engines
 * on one set of files destroy it.
 *
 * The lock is the kernel's, on an open file: it ends with the process however that dies, and it holds between
 * containers that share a volume, where a file with a pid does neither (each container's process is pid 1).
 */
export class DataDirectory {
  readonly path: string;
  readonly #lockFd: number;

  private constructor(path: string, lockFd: number) {
    this.path = path;
    this.#lockFd = lockFd;
  }

  /**
   * Makes the directory where it is missing, closes it to other users (0700) and claims it. A process that holds it
   * already gets the same claim again: credentials and engine both need it.
   *
   * @throws DataDirectoryInUseError when another process holds it; nothing was changed then.
   */
  static claim(dataDir: string): DataDirectory {
    const path = resolve(dataDir);
    const held = claimed.get(path);
    if (held) return held;

    mkdirSync(path, { recursive: true, mode: 0o700 });
    const lockFd = openSync(join(path, 'lock'), 'a', 0o600);
    if (!tryLock(lockFd)) {
      closeSync(lockFd);
      throw new DataDirectoryInUseError(path);
    }
    closeToOthers(path);
    const directory = new DataDirectory(path, lockFd);
    claimed.set(path, directory);
    return directory;
  }

  /** Lets another process claim the directory. */
  release(): void {
    if (claimed.delete(this.path)) closeSync(this.#lockFd);
  }
}

function closeToOthers(path: string): void {
  try {
    chmodSync(path, 0o700);
  } catch (error) {
    // A mounted volume can belong to another user or know no modes; whoever mounted it decides who enters.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOSYS' && code !== 'ENOTSUP') throw error;
  }
}
