import { randomBytes } from 'node:crypto';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../../common/operator-error.js';

const FIRST_BOOT_BYTES = 64 * 1024 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'its file system is read-only',
  ENOSPC: 'no space is left on its disk',
  EDQUOT: 'the quota of this user is used up',
  ENOTDIR: 'a file is in its way',
  EEXIST: 'a file is in its way',
  // Node also gives this code for a read-only file system.
  ENOENT: 'it cannot be made there',
};

/** Makes an error of the file system one that tells the operator what to do, if that is known. */
export function asDataDirectoryError(error: unknown, path: string): unknown {
  const reason = REASONS[codeOf(error) ?? ''];
  if (reason === undefined) return error;
  return new OperatorError(
    `The data directory ${path} cannot be used: ${reason}. Set DATA_DIR to a directory that this user can write to, with ${FIRST_BOOT_BYTES / 1024 / 1024} MiB free.`,
    { cause: error },
  );
}

export function asSocketDirectoryError(error: unknown, path: string): unknown {
  const reason = REASONS[codeOf(error) ?? ''];
  if (reason === undefined) return error;
  return new OperatorError(
    `The embedded PostgreSQL needs a directory for its socket in ${path}: ${reason}. Set TMPDIR to a directory that this user can write to.`,
    { cause: error },
  );
}

/**
 * Without room for its files the engine fails with an error of its own, which hides the cause.
 *
 * @returns null: this is not the cause.
 */
export function findWriteTrouble(path: string): unknown {
  const probe = join(path, `.probe.${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(probe, 'x');
    const { bavail, bsize } = statfsSync(path);
    if (bavail * bsize < FIRST_BOOT_BYTES / 4) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    return null;
  } catch (error) {
    return asDataDirectoryError(error, path);
  } finally {
    rmSync(probe, { force: true });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
