/**
 * What a change has to pass before it is sent: the checks in order of their speed, then the tests. Stops at the first
 * that fails and says what helps. CI runs this too, so there is nothing that only CI knows.
 */
import { spawnSync } from 'node:child_process';

const STEPS = [
  { script: 'format:check', fix: 'npm run format' },
  { script: 'lint', fix: 'npm run lint -- --fix   (then by hand what is left)' },
  { script: 'types:check', fix: 'correct the types named above' },
  {
    script: 'imports:check',
    fix: 'follow the directions in docs/architecture.md; .dependency-cruiser.mjs has the rules',
  },
  { script: 'docs:check', fix: 'npm run docs:generate' },
  { script: 'openapi:check', fix: 'npm run openapi:generate' },
  { script: 'client:check', fix: 'npm run client:generate' },
  {
    script: 'openapi:lint',
    fix: 'correct the decorators; then npm run openapi:generate',
  },
  { script: 'test', fix: 'npm test -- <the file that failed>' },
];

const started = Date.now();
for (const { script, fix } of STEPS) {
  console.log(`\n── ${script}`);
  const from = Date.now();
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`\n✖ ${script} failed after ${seconds(from)}. What helps: ${fix}`);
    process.exit(1);
  }
  console.log(`✔ ${script}: ${seconds(from)}`);
}
console.log(`\nAll is well: ${seconds(started)}.`);

function seconds(from) {
  return `${((Date.now() - from) / 1000).toFixed(1)} s`;
}
