/** Installs the locked dependencies where they are missing or stale. Node's own modules only: it runs before them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLL_MS = 200;

/**
 * @param {string} root the repository
 */
export function ensureInstalled(root) {
  if (isInstalled(root)) return;
  underLock(join(root, '.builds', 'install.lock'), () => {
    if (isInstalled(root)) return;
    console.error('Installing the locked dependencies (npm ci) …');
    // The development ones too, whatever NODE_ENV says: the compiler is one of them.
    const args = ['ci', '--include=dev'];
    const npmCli = process.env.npm_execpath;
    const { status, error } = npmCli?.endsWith('.js')
      ? spawnSync(process.execPath, [npmCli, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
      : spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
    if (status === 0) return;
    if (error) console.error(error.message);
    console.error('npm ci failed. Correct what it says above, then run the command again.');
    process.exit(1);
  });
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm itself notes what it has installed, last of all, in
 * node_modules/.package-lock.json: an install that was interrupted, or left out the development packages, shows there.
 */
export function isInstalled(root) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  const locked = readPackages(join(root, 'package-lock.json'));
  return Object.entries(locked).every(([path, { version, integrity, optional, devOptional }]) => {
    if (path === '') return true;
    const found = installed[path];
    if (!found) return Boolean(optional ?? devOptional);
    return found.version === version && found.integrity === integrity;
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Two installs at once destroy each other. The holder notes its pid, so that one that was killed holds up nobody. */
function underLock(path, work) {
  for (let isWaiting = false; !take(path); isWaiting = true) {
    if (!isWaiting) console.error('Waiting for another install in this checkout …');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  try {
    work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path) {
  mkdirSync(join(path, '..'), { recursive: true });
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isHeld(path)) rmSync(path, { force: true });
    return false;
  }
}

function isHeld(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    // Between making the file and writing into it, its holder has no pid.
    if (!pid) return Date.now() - statSync(path).mtimeMs < 10_000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
