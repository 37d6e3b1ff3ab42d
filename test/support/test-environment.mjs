import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { TestEnvironment as NodeEnvironment } from 'jest-environment-node';

/** What keeps a process alive and is a test's to close; the rest (file reads, Jest's own pipes) comes and goes. */
const LEAKABLE = new Set([
  'Timeout',
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeServerWrap',
  'PipeWrap',
  'PipeConnectWrap',
  'ProcessWrap',
  'UDPWrap',
]);

// Node opens these on first use, which is not a test's to answer for.
void [process.stdin, process.stdout, process.stderr];

/** Closing is asynchronous: how long a test file's last resources may take to go. */
const GRACE_MS = 10_000;
const POLL_MS = 20;

/** Those that the current test file has used. */
const storages = new Set();

/**
 * Node passes each storage that was ever used on to every promise of the process, until the storage is disabled. Jest has one
 * for each test file and the code under test others: after fifty files they took a tenth of a worker's time.
 */
for (const method of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...args) {
    storages.add(this);
    return original.apply(this, args);
  };
}

/** In this worker, once it has run a file on the embedded engine. */
let embeddedEngine;

/** A test file that leaves a socket, timer, process or worker behind fails, and is told of what kind. */
export default class TestEnvironment extends NodeEnvironment {
  #engine;
  #before = new Map();
  #workers = new Set();
  // Node does not count worker threads among the active resources.
  #onWorker = (worker) => {
    this.#workers.add(worker);
    worker.once('exit', () => this.#workers.delete(worker));
  };

  constructor(config, context) {
    super(config, context);
    this.#engine = config.projectConfig.testEnvironmentOptions.engine;
  }

  async setup() {
    await super.setup();
    // A worker runs files of every project: what says where there is a server is taken from those that use none.
    if (this.#engine !== 'server') delete this.global.process.env.TEST_DATABASE_URL;
    if (this.#engine === 'embedded') await keepEmbeddedEngine();
    process.on('worker', this.#onWorker);
    this.#before = openResources();
  }

  async teardown() {
    const leaked = await this.#leakedAfterGrace();
    process.off('worker', this.#onWorker);
    await super.teardown();
    for (const storage of storages) storage.disable();
    storages.clear();
    if (leaked.length > 0) throw new Error(`This test file leaves open: ${leaked.join(', ')}.`);
  }

  async #leakedAfterGrace() {
    for (let waited = 0; waited < GRACE_MS; waited += POLL_MS) {
      if (this.#leaked().length === 0) return [];
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return this.#leaked();
  }

  #leaked() {
    return [...openResources(), ['Worker', this.#workers.size]]
      .map(([type, count]) => ({ type, extra: count - (this.#before.get(type) ?? 0) }))
      .filter(({ extra }) => extra > 0)
      .map(({ type, extra }) => `${extra} × ${type}`);
  }
}

/**
 * V8 shares what it has compiled of a WebAssembly module for as long as a process holds one of the same bytes: every
 * embedded engine after a worker's first then starts with optimised code, for half of the processor's time.
 */
async function keepEmbeddedEngine() {
  embeddedEngine ??= WebAssembly.compile(
    readFileSync(new URL('pglite.wasm', import.meta.resolve('@electric-sql/pglite'))),
  );
  await embeddedEngine;
}

function openResources() {
  const counts = new Map();
  for (const type of process.getActiveResourcesInfo()) {
    if (LEAKABLE.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}
