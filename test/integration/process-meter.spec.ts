import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { runDirectory } from '../support/run-directory.js';
import { METERED, ProcessMeter } from '../support/process-meter.js';
import { until } from '../support/wait.js';

const MEBIBYTE = 1_048_576;
const BLOCK_MS = 200;

/** Does what it reads on stdin: computes for a while, without or with a pause, or fills memory. */
const PROGRAM = `
  const compute = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };
  process.stdin.on('data', (text) => {
    const [what, amount] = String(text).split(' ');
    if (what === 'block') compute(Number(amount));
    if (what === 'pieces') { let left = Number(amount) / 5; const piece = () => { compute(5); if (--left > 0) setImmediate(piece); }; piece(); }
    if (what === 'fill') globalThis.filled = Buffer.alloc(Number(amount), 1);
    setTimeout(() => process.stdout.write('done'), what === 'pieces' ? Number(amount) * 2 : 5);
  });`;

describe('the meter of a process', () => {
  const socketPath = join(runDirectory(), 'meter-spec.sock');
  const meter = new ProcessMeter(socketPath);
  let child: ChildProcess;

  beforeAll(async () => {
    const env = { PATH: process.env['PATH'], METER_SOCKET: socketPath };
    child = spawn(process.execPath, [...METERED, '--eval', PROGRAM], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    await until('the meter to listen', () =>
      meter.begin().then(
        () => true,
        () => false,
      ),
    );
  });

  afterAll(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  });

  async function measured(task: string) {
    await meter.begin();
    child.stdin!.write(task);
    await once(child.stdout!, 'data');
    return meter.end();
  }

  it('tells how long a turn of the event loop took', async () => {
    const { blockMs, computedMs } = await measured(`block ${BLOCK_MS}`);
    // Whatever it stood in line for is not in it, so beside other processes it is less.
    expect(blockMs).toBeGreaterThan(BLOCK_MS / 20);
    expect(blockMs).toBeLessThan(BLOCK_MS * 2);
    expect(computedMs).toBeGreaterThanOrEqual(blockMs);
  });

  it('tells work in pieces from a block', async () => {
    const { blockMs, computedMs } = await measured(`pieces ${BLOCK_MS}`);
    expect(blockMs).toBeLessThan(BLOCK_MS / 2);
    expect(computedMs).toBeGreaterThan(blockMs);
  });

  it('tells how much memory was taken', async () => {
    const idle = await measured('nothing');
    expect(idle.heapGrowthBytes).toBeLessThan(8 * MEBIBYTE);
    const filled = await measured(`fill ${64 * MEBIBYTE}`);
    expect(filled.heapGrowthBytes).toBeGreaterThan(63 * MEBIBYTE);
    expect(filled.residentGrowthBytes).toBeGreaterThan(48 * MEBIBYTE);
  });

  it('begins anew each time', async () => {
    await measured(`block ${BLOCK_MS}`);
    expect((await measured('nothing')).blockMs).toBeLessThan(BLOCK_MS / 2);
  });
});
