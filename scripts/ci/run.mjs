/**
 * What CI runs, on a clean clone (.ci/run starts it): the locked install, `npm run verify`, whose tests run on the newest
 * PostgreSQL server that Tidings supports and, where it matters, on the embedded engine; real clients and a browser; the
 * README's first page; every statement on the oldest server; every statement and story on the embedded engine; the fault
 * tests in their short form; and on the newest Node what depends on that. jest.config.mjs has the projects of test files.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium, findProgram } from '../programs.mjs';
import { nodeDirectory } from './npm-binaries.mjs';
import { StageFailed, Stages } from './stages.mjs';

/** What a run should take; a longer one passes, and says so. */
const BUDGET_MS = 25 * 60_000;
/** A run that is still going then hangs. */
const DEADLINE_MS = 80 * 60_000;
/** What `npm run test:clients` needs beside Node and a browser, and Debian's packages of it. */
const PACKAGES = {
  curl: 'curl',
  go: 'golang-go',
  javac: 'default-jdk-headless',
  jq: 'jq',
  mcs: 'mono-mcs',
  openssl: 'openssl',
  pgbouncer: 'pgbouncer',
  php: 'php-cli',
  python3: 'python3',
  ruby: 'ruby',
  tinyproxy: 'tinyproxy-bin',
};
/** Stories of whole processes in which the server's version has a part. */
const STORIES_OF_AN_OLD_SERVER = [
  'test/contract',
  'test/e2e/database-trouble',
  'test/e2e/deliveries',
  'test/e2e/recover',
  'test/e2e/replicas',
];

/** What statements do was seen on three engines; a newer Node can change the process, its sockets, and the embedded engine. */
const PROJECTS_OF_NODE = ['unit', 'edge', 'stories', 'embedded'];

// The run decides what Tidings is told, not the shell that started it.
for (const name of [
  'NODE_ENV',
  'NODE_OPTIONS',
  'DATABASE_URL',
  'TEST_DATABASE_URL',
  'TEST_ENGINE',
  'DATA_DIR',
  'PORT',
  'HOST',
]) {
  delete process.env[name];
}

const stages = new Stages(DEADLINE_MS);
let interrupted;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = signal;
    stages.interrupt();
  });
}

try {
  await stages.run('npm ci', install);
  await stages.run('npm run verify (Node 20, PostgreSQL 18)', () => stages.command(['npm', 'run', 'verify']));
  const missing = missingPackages();
  if (missing.length > 0) await stages.run(`apt-get install ${missing.join(' ')}`, () => installPackages(missing));
  await stages.run('real clients', () => stages.command(['npm', 'run', 'test:clients']));
  await stages.run('README, word for word', () => stages.command(['node', 'scripts/ci/quick-start.mjs']));
  await stages.run('PostgreSQL 14, every statement', () =>
    tests(['test/integration', ...STORIES_OF_AN_OLD_SERVER, '--selectProjects', 'statements', 'stories'], '14'),
  );
  await stages.run('the embedded engine, every statement and story', () =>
    tests(['--selectProjects', 'statements', 'stories'], 'embedded'),
  );
  await stages.run('faults, short form', () => stages.command(['npm', 'run', 'test:faults', '--', '--short']));
  await stages.run('Node 24, what depends on it', testsOnNode24);
  await stages.run('nothing tracked was changed', unchanged);
  console.log(`\nCI passed.\n${stages.summary()}`);
  console.log(`What to look at: ${join(import.meta.dirname, '../../artifacts')}`);
  if (stages.elapsedMs > BUDGET_MS) console.log(`It took longer than its budget of ${BUDGET_MS / 60_000} minutes.`);
} catch (error) {
  if (!(error instanceof StageFailed)) throw error;
  console.error(interrupted ? `\nCI was ended by ${interrupted}.` : `\nCI failed at: ${error.message}`);
  process.exitCode = 1;
}

async function install() {
  const output = await stages.command(['npm', 'ci'], { capture: true });
  const warnings = output.split('\n').filter((line) => /EBADENGINE|install[ -]script|allow-?scripts/i.test(line));
  if (warnings.length > 0) {
    throw new StageFailed(
      `npm ci warns of engines or install scripts; pin, override or answer them in package.json:\n${warnings.join('\n')}`,
    );
  }
}

/** Debian's packages of the programs that `npm run test:clients` meets and that are not there. */
function missingPackages() {
  const programs = Object.keys(PACKAGES).filter((name) => findProgram([name]) === null);
  const packages = programs.map((name) => PACKAGES[name]);
  return findChromium() === null ? ['chromium', 'fonts-dejavu-core', ...packages] : packages;
}

/** On Debian, as root. */
async function installPackages(packages) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const patience = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
  await stages.command(['apt-get', ...patience, 'update'], { env });
  await stages.command(['apt-get', ...patience, 'install', '--yes', '--no-install-recommends', ...packages], { env });
}

/** @param {string[]} args Jest's @param {'14' | '18' | 'embedded'} engine */
function tests(args, engine) {
  return stages.command(['npm', 'test', '--', ...args], { env: { TEST_ENGINE: engine } });
}

async function testsOnNode24() {
  const env = { PATH: `${nodeDirectory(24)}:${process.env.PATH}` };
  await stages.command(['node', '--version'], { env });
  const directory = mkdtempSync(join(tmpdir(), 'tidings-ci-'));
  const report = join(directory, 'report.json');
  try {
    const chosen = ['--selectProjects', ...PROJECTS_OF_NODE, '--json', `--outputFile=${report}`];
    await stages.command(['npm', 'test', '--', ...chosen], { env });
  } catch (error) {
    const crashed = filesThatCrashed(report);
    if (crashed.length === 0) throw error;
    console.log(`\nNode itself crashed (SIGSEGV) in ${crashed.join(', ')}: once more.`);
    await stages.command(['npm', 'test', '--', ...crashed], { env });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * The test files whose process ended with SIGSEGV, if nothing else failed. From version 22 on, V8 crashes now and then
 * where processes start the embedded engine side by side (https://github.com/nodejs/node/issues/64500); no test is
 * excused from passing for it.
 */
function filesThatCrashed(report) {
  if (!existsSync(report)) return [];
  const failed = JSON.parse(readFileSync(report, 'utf8')).testResults.filter(({ status }) => status === 'failed');
  return failed.every(({ message }) => message.includes('signal=SIGSEGV')) ? failed.map(({ name }) => name) : [];
}

async function unchanged() {
  const changes = await stages.command(['git', 'status', '--porcelain'], { capture: true });
  if (changes.trim() !== '') throw new StageFailed('Commit these, or have .gitignore name them.');
}
