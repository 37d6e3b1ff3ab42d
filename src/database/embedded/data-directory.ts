import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { OperatorError } from '../../common/operator-error.js';
import { asDataDirectoryError } from './write-trouble.js';

export class DataDirectoryInUseError extends OperatorError {
  constructor(path: string) {
    super(
      `The data directory ${path} is in use by another Tidings process. ` +
        'Stop that one, or give this one a directory of its own with DATA_DIR.',
    );
  }
}

const claimed = new Map<string, DataDirectory>();

/**
 * One process owns the directory at a time: two engines on the same files destroy them. The kernel locks an open file.
 * This lock ends with the process, and holds between containers that share a volume; a file with a pid does neither
 * (each container's process is pid 1).
 */
export class DataDirectory {
  readonly path: string;
  private readonly lockFd: number;

  private constructor(path: string, lockFd: number) {
    this.path = path;
    this.lockFd = lockFd;
  }

  /**
   * Creates the directory if needed, closes it to other users (0700) and claims it. A process that holds it gets the
   * same claim again: credentials and engine both need it.
   *
   * @throws OperatorError when it cannot be written to; DataDirectoryInUseError when another process holds it. Nothing
   *   was changed then.
   */
  static claim(dataDir: string): DataDirectory {
    const path = resolve(dataDir);
    const held = claimed.get(path);
    if (held) return held;

    const lockFd = openLock(path);
    if (!tryLock(lockFd)) {
      closeSync(lockFd);
      throw new DataDirectoryInUseError(path);
    }
    closeToOthers(path);
    const directory = new DataDirectory(path, lockFd);
    claimed.set(path, directory);
    return directory;
  }

  release(): void {
    if (claimed.delete(this.path)) closeSync(this.lockFd);
  }
}

function openLock(path: string): number {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return openSync(join(path, 'lock'), 'a', 0o600);
  } catch (error) {
    throw asDataDirectoryError(error, path);
  }
}

function closeToOthers(path: string): void {
  try {
    chmodSync(path, 0o700);
  } catch (error) {
    // A mounted volume can belong to another user or have no modes; whoever mounted it decides who may enter.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOSYS' && code !== 'ENOTSUP') throw error;
  }
}
