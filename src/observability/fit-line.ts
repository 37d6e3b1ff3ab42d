/** Characters that each text of a line keeps: as many as possible. */
const TEXT_LENGTHS = [2_048, 1_024, 512, 256, 128, 64, 32];

/**
 * Cuts the longest texts of a line, which is a JSON object, until it fits.
 *
 * @param maxBytes with the line break.
 */
export function fitLine(line: string, maxBytes: number): string {
  if (Buffer.byteLength(line) <= maxBytes) return line;
  const entry = JSON.parse(line) as Record<string, unknown>;
  for (const length of TEXT_LENGTHS) {
    const cut = `${JSON.stringify(entry, (_, value: unknown) => cutText(value, length))}\n`;
    if (Buffer.byteLength(cut) <= maxBytes) return cut;
  }
  // Very many members, each of them short.
  const { level, time, worker, context, msg } = entry;
  return `${JSON.stringify({ level, time, worker, context, msg: cutText(msg, 256), err: { message: 'too long for a line' } })}\n`;
}

function cutText(value: unknown, length: number): unknown {
  return typeof value === 'string' && value.length > length ? `${value.slice(0, length)}…` : value;
}
