import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** What a block is for, by its language. A language that is not here fails the page. */
const LANGUAGES = ['sh', 'js', 'python', 'json', 'text', 'ini'] as const;
export type Language = (typeof LANGUAGES)[number];

/** A fenced block of a page of the guide. */
export interface Block {
  language: Language;
  code: string;
  /** The file that it is saved as: an HTML comment right above the block names it. Null: it is run, or is an answer. */
  file: string | null;
  /** `docs/api/retries.md:12`, the line of the first fence. */
  where: string;
  /** The heading of the second level that it stands under. */
  section: string;
}

/**
 * The blocks of a page in their order.
 *
 * @throws Error on a block in another language, and on a fence that is not closed or not at the margin.
 */
export function blocksOf(path: string, text: string = readPage(path)): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let section = '';
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    section = /^## (.*)$/.exec(line)?.[1] ?? section;
    if (!/^\s*(```|~~~)/.test(line)) continue;
    const where = `${path}:${index + 1}`;
    const language = /^```(\S+)$/.exec(line)?.[1];
    if (!isKnown(language)) throw new Error(`${where}: "${line}" begins a block that this test cannot run`);
    const end = lines.indexOf('```', index + 1);
    if (end < 0) throw new Error(`${where}: the block is not closed`);
    // Prettier puts an empty line between the two.
    const file = /<!-- file: (\S+) -->\n{0,2}$/.exec(`${lines.slice(0, index).join('\n')}\n`)?.[1] ?? null;
    blocks.push({ language, code: lines.slice(index + 1, end).join('\n'), file, where, section });
    index = end;
  }
  return blocks;
}

export function readPage(path: string): string {
  return readFileSync(resolve(ROOT, path), 'utf8');
}

function isKnown(language: string | undefined): language is Language {
  return LANGUAGES.some((known) => known === language);
}
