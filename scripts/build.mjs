/**
 * Compiles and bundles src and migrations into `.builds/<hash of what they are made from>/` and points the link `dist`
 * at it.
 *
 * A build is made beside and renamed when it is whole, and `dist` is replaced in one step: a process that runs from an
 * older build keeps its files, a process that starts finds either build, and neither finds half of one. Nothing is
 * compiled twice: a build that exists is only linked.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';

/** `docs/api` too: the service shows the guide. */
const SOURCES = ['src', 'migrations', 'docs/api'];
const SETTINGS = [
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
  'openapi-3.0.json',
  'docs/errors.md',
  'package-lock.json',
  'scripts/build.mjs',
  'scripts/bundle.mjs',
];

/** Builds that stay beside the newest: whatever still runs is likely among them, and so is the way back. */
const KEPT_BUILDS = 5;
/** An unfinished build or link that is older belongs to nobody any more. */
const ABANDONED_MS = 3_600_000;

/**
 * @param {string} root the repository
 * @param {{ needsLink?: boolean }} [options] `needsLink`: false for who runs what is returned; then nothing is written where
 *   this user may not and what is needed is built already. Default true.
 * @returns {string} the directory of the build
 */
export function build(root, { needsLink = true } = {}) {
  const name = hashOf(root);
  const builds = join(root, '.builds');
  const target = join(builds, name);
  if (!existsSync(target)) {
    mkdirSync(builds, { recursive: true });
    compile(root, target);
  }
  try {
    const now = new Date();
    utimesSync(target, now, now);
    link(root, join('.builds', name));
    prune(builds, name);
  } catch (error) {
    if (needsLink || !isNotAllowed(error)) throw error;
  }
  return target;
}

/** Whether the files belong to somebody else, or lie on a file system that is read-only. */
export function isNotAllowed({ code }) {
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
}

function hashOf(root) {
  const hash = createHash('sha256');
  const files = [
    ...SOURCES.flatMap((directory) => filesIn(join(root, directory))),
    ...SETTINGS.map((f) => join(root, f)),
  ];
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

function filesIn(directory) {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function compile(root, target) {
  const unfinished = `${target}.${randomBytes(4).toString('hex')}.unfinished`;
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const compiled = join(unfinished, 'compiled');
  // Where that is not allowed it is said now, and not for each file by the compiler.
  mkdirSync(unfinished);
  const args = [tsc, '--project', join(root, 'tsconfig.build.json'), '--outDir', compiled];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    console.error('The build failed; dist is what it was.');
    process.exit(1);
  }
  bundle(root, compiled, join(unfinished, 'src'));
  rmSync(compiled, { recursive: true });
  // Seen from the compiled files they lie where they lie seen from the sources.
  for (const file of ['package.json', 'openapi-3.0.json', 'docs/api', 'docs/errors.md']) {
    cpSync(join(root, file), join(unfinished, file), { recursive: true });
  }
  try {
    renameSync(unfinished, target);
  } catch (error) {
    // Another build of the same sources was faster.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function link(root, target) {
  const dist = join(root, 'dist');
  if (isLinkTo(dist, target)) return;
  const unfinished = `${join(root, '.builds', 'dist')}.${randomBytes(4).toString('hex')}.unfinished`;
  // Relative to where it will lie, so that the checkout can be moved.
  symlinkSync(target, unfinished, 'dir');
  // A plain directory, of a compiler that was started by hand, cannot be replaced by a rename.
  if (lstatSync(dist, { throwIfNoEntry: false })?.isDirectory()) rmSync(dist, { recursive: true });
  renameSync(unfinished, dist);
}

function isLinkTo(dist, target) {
  if (!lstatSync(dist, { throwIfNoEntry: false })?.isSymbolicLink()) return false;
  return basename(readlinkSync(dist)) === basename(target);
}

function prune(builds, current) {
  const entries = readdirSync(builds)
    .map((name) => ({ name, at: lstatSync(join(builds, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity }))
    .sort((a, b) => b.at - a.at);
  const abandoned = entries.filter(({ name, at }) => name.endsWith('.unfinished') && at < Date.now() - ABANDONED_MS);
  const older = entries.filter(({ name }) => /^[0-9a-f]{16}$/.test(name) && name !== current);
  for (const { name } of [...abandoned, ...older.slice(KEPT_BUILDS)]) {
    rmSync(join(builds, name), { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) build(fileURLToPath(new URL('..', import.meta.url)));
