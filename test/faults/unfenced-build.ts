import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const COPIED = [
  'src',
  'migrations',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'openapi-3.0.json',
  'docs/api',
  'docs/errors.md',
  'scripts/build.mjs',
  'scripts/bundle.mjs',
];

/** The fence: a result counts only under the lease that its attempt was made under. Both statements that record have it. */
const FENCE = {
  file: 'src/deliveries/queue/settle-deliveries.ts',
  conditions: [
    ' AND h.lease = r.lease',
    ' AND ((q.delivery_id, q.lease) IN (SELECT * FROM unnest(p_delivery_id, p_lease))) IS TRUE',
  ],
};

/**
 * Builds Tidings without its fence, from a changed copy of the sources: there is no setting that could ship. The ledger
 * has to find such a Tidings out.
 *
 * @returns its `main.js`.
 */
export function buildUnfenced(directory: string): string {
  const copy = join(directory, 'unfenced');
  mkdirSync(join(copy, 'scripts'), { recursive: true });
  for (const path of COPIED) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  removeFence(join(copy, FENCE.file));
  execFileSync(process.execPath, [join(copy, 'scripts/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(copy, 'dist/src/main.js');
}

function removeFence(file: string): void {
  let text = readFileSync(file, 'utf8');
  for (const condition of FENCE.conditions) {
    const parts = text.split(condition);
    if (parts.length !== 2) {
      throw new Error(`"${condition.trim()}" is ${parts.length - 1} times in ${FENCE.file}: where is the fence now?`);
    }
    text = parts.join('');
  }
  writeFileSync(file, text);
}
