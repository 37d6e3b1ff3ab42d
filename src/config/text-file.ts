import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { accepted, type Parsed, refused } from './setting-type.js';

/** ENCRYPTION_KEYS with a thousand members has 110,000 bytes. */
const MAX_BYTES = 131_072;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'names a file that is not there',
  ENOTDIR: 'names a file that is not there',
  EACCES: 'names a file that this user may not read',
  EPERM: 'names a file that this user may not read',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'names a file that is not text in UTF-8',
};

/**
 * Without the newline at its end. No reason contains any of the text. Only a regular file: a start must not wait for a
 * pipe that nobody writes into.
 */
export function readTextFile(path: string): Parsed<string> {
  try {
    if (!statSync(path).isFile()) return refused(`names what is not a regular file: ${shown(path)}`);
    const bytes = readBytes(path);
    if (bytes === null) return refused(`names a file of more than ${MAX_BYTES} bytes: ${shown(path)}`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return accepted(text.replace(/\r?\n$/, ''));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return refused(`${REASONS[code] ?? `names a file that cannot be read (${code})`}: ${shown(path)}`);
  }
}

function readBytes(path: string): Buffer | null {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, MAX_BYTES) + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(file, buffer, length, buffer.length - length, null);
    }
    return length > MAX_BYTES ? null : buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** Somebody may have put the secret itself where its file belongs: then it must not be logged. */
function shown(path: string): string {
  return /^\.{0,2}\//.test(path) ? path : '(a path that does not begin with "/" or "./" is not shown)';
}
