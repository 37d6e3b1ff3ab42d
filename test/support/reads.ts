import { loadConfig } from '../../src/config/config.js';
import { PageReader } from '../../src/reads/page-reader.js';
import { type Reader, ReadTurns } from '../../src/reads/read-turns.js';

export const IDLE_LIMITS = {
  stepsAtOnce: 1,
  rowsPerToken: 8_000,
  rowsPerEnvironment: 16_000,
  waitMs: 60_000,
  answerMs: 60_000,
};

/** A reader of the environment whose client stays. */
export function soloReader(environmentId: string): Reader {
  return { environmentId, tokenId: 'admin', signal: new AbortController().signal };
}

/** Turns that are waited for as long as a slow machine takes. */
export function idleTurns(): ReadTurns {
  return new ReadTurns(IDLE_LIMITS);
}

/** Reads pages in such turns. */
export function idlePages(): PageReader {
  return new PageReader(idleTurns(), loadConfig({ ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}` }));
}
