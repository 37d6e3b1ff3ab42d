import { createHash } from 'node:crypto';

/** A UUID of version 8, always the same for this name: a second import replaces the first. */
export function stableId(name: string): string {
  const hex = createHash('sha256').update(`tidings postman ${name}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16).padStart(2, '0');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(18, 20),
    hex.slice(20, 32),
  ].join('-');
}
