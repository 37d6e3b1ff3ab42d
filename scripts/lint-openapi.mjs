// Holds openapi.json and openapi-3.0.json to the rules of Redocly (redocly.yaml) and of Spectral (.spectral.yaml). A warning fails: one that
// may stay is named in those files, with the reason. Neither tool sends anything anywhere. An argument names another
// directory that has these files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const DOCUMENTS = ['openapi.json', 'openapi-3.0.json'];
const ROOT = resolve(import.meta.dirname, '..');
const directory = resolve(process.argv[2] ?? ROOT);

// Both at once: each of them takes most of its time to load.
const passed = await Promise.all([
  lint('redocly', ['lint', ...DOCUMENTS, '--format=stylish']),
  lint('spectral', ['lint', ...DOCUMENTS, '--ruleset=.spectral.yaml', '--fail-severity=warn', '--quiet']),
]);
if (!passed.every(Boolean)) process.exitCode = 1;

/**
 * @param {string} tool
 * @param {string[]} args
 * @returns {Promise<boolean>} whether it found nothing; what it found was printed
 */
async function lint(tool, args) {
  const child = spawn(resolve(ROOT, 'node_modules/.bin', tool), args, {
    cwd: directory,
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_NOTIFICATIONS: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  const [code] = await once(child, 'close');
  if (code !== 0) console.error(`${tool}:\n${output}`);
  return code === 0;
}
