import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Which of the documented `POST /webhook 201` pairs no spec file saw. */
export function neverSeen(documented, seen) {
  const witnessed = new Set(seen);
  return documented.filter((pair) => !witnessed.has(pair));
}

/**
 * At the end of a run: throws when the served document promises an answer, (operation, status), that no story saw. A
 * run of some files or some tests only cannot tell.
 *
 * @param {string} directory Where the clients of the run noted what they saw (test/support/client.ts).
 * @param {{ testNamePattern?: string }} globalConfig Jest's.
 */
export function assertAllAnswersSeen(directory, { testNamePattern }) {
  const notes = existsSync(join(directory, 'seen')) ? readdirSync(join(directory, 'seen')) : [];
  if (testNamePattern || blackBoxSpecs().some((spec) => !notes.includes(`${spec}.txt`))) return;
  const documented = JSON.parse(readFileSync(join(directory, 'documented.json'), 'utf8'));
  const seen = notes.flatMap((note) => readFileSync(join(directory, 'seen', note), 'utf8').split('\n'));
  const unseen = neverSeen(documented, seen);
  if (unseen.length > 0) throw new Error(`openapi.json documents what no story saw:\n  ${unseen.join('\n  ')}`);
}

/** The spec files that speak to the built service: all of them together see every answer. */
function blackBoxSpecs() {
  return ['test/e2e', 'test/contract'].flatMap((directory) =>
    readdirSync(resolve(directory)).filter((name) => /\.(e2e|contract)\.spec\.ts$/.test(name)),
  );
}
