import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

const LOGGER = new URL('../../src/observability/logger.ts', import.meta.url).href;
const RUN_TYPESCRIPT = new URL('../support/run-typescript.mjs', import.meta.url).href;

function run(script: string, stdout: 'pipe' | number = 'pipe'): ReturnType<typeof spawn> {
  const source = `const { PinoLogger } = await import(${JSON.stringify(LOGGER)});
    const logger = new PinoLogger({ level: 'info' });
    ${script}`;
  const flags = ['--import', RUN_TYPESCRIPT, '--input-type=module', '--eval', source];
  return spawn(process.execPath, flags, { stdio: ['pipe', stdout, 'pipe'], env: { PATH: process.env['PATH'] } });
}

describe('The log on stdout', () => {
  it('has whole lines when workers write long ones into a pipe that is full', async () => {
    const source = `const { PinoLogger } = await import(${JSON.stringify(LOGGER)});
      const logger = new PinoLogger({ level: 'info', worker: process.pid });
      for (let n = 0; n < 200; n += 1) {
        const error = Object.assign(new Error('é'.repeat(3_000)), { cause: new Error('y'.repeat(3_000)) });
        logger.error({ msg: 'x'.repeat(1 + (n % 7) * 700), n, err: error }, 'Test');
        if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      // Long enough for a reader that is slow.
      setTimeout(() => undefined, 1_000);`;
    const flags = ['--import', RUN_TYPESCRIPT, '--input-type=module', '--eval', source];
    // Node's own pipes to a child are sockets.
    const child = spawn('sh', ['-c', '{ "$@" & "$@"; wait; } | cat', 'sh', process.execPath, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] },
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      child.stdout.pause();
      setTimeout(() => child.stdout.resume(), 2);
    });
    await once(child, 'close');
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(400);
    const written = lines.map((line) => JSON.parse(line) as { n: number; msg: string; err: { type: string } });
    expect(new Set(written.map(({ n }) => n)).size).toBe(200);
    for (const { msg, err } of written) expect([msg[0], err.type]).toEqual(['x', 'Error']);
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(4_096);
  });

  it('is whole when the process exits at once', async () => {
    const child = run(`for (let n = 0; n < 1000; n += 1) logger.log({ msg: 'line', n }, 'Test');
      process.exit(0);`);
    let text = '';
    child.stdout!.setEncoding('utf8').on('data', (part: string) => (text += part));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(0);
    const numbers = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { n: number }).n);
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  });

  it('may go away without ending the process', async () => {
    const child = run(`
      const timer = setInterval(() => logger.log('line', 'Test'), 1);
      process.stdin.on('data', () => { clearInterval(timer); process.exit(7); });`);
    let complaint = '';
    child.stderr!.setEncoding('utf8').on('data', (part: string) => (complaint += part));
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    // Writes go on for longer than any buffer of a pipe that nobody reads would explain.
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const early = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300, 'still running'))]);
    expect(complaint).toBe('');
    expect(early).toBe('still running');
    child.stdin!.write('end\n');
    const [code] = await ended;
    expect(code).toBe(7);
  });

  it('may refuse every line without ending the process', async () => {
    const readOnly = openSync(import.meta.filename, 'r');
    const child = run(
      `logger.log('line', 'Test');
      setTimeout(() => { logger.log('line', 'Test'); process.exit(7); }, 100);`,
      readOnly,
    );
    closeSync(readOnly);
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(7);
  });

  it('may stall without stopping the process or its exit', async () => {
    const child = run(`
      const line = 'x'.repeat(1000);
      for (let n = 0; n < 2000; n += 1) logger.log(line, 'Test');
      setInterval(() => logger.log(line, 'Test'), 1);
      process.stdin.once('data', () => process.exit(7));
      process.stderr.write('running');`);
    child.stdout!.pause();
    await once(child.stderr!, 'data');
    child.stdin!.write('end\n');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(7);
    child.stdout!.destroy();
  });
});
