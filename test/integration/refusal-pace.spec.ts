import type { AddressInfo } from 'node:net';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.setup.js';
import { SERVER_LIMITS } from '../../src/http/server-limits.js';
import { loadConfig } from '../../src/config/config.js';
import { PinoLogger } from '../../src/observability/logger.js';

@Controller('thing')
class ThingController {
  @Post()
  @HttpCode(200)
  post(@Body() body?: object): unknown {
    return { members: Object.keys(body ?? {}).length };
  }
}

@Module({ controllers: [ThingController] })
class ThingModule {}

const LIMIT = 50;
const MAX_BODY_BYTES = 200_000;

// RATE_LIMIT_PER_10S refusals at once, and the answers of those beyond wait: docs/security.md.
describe('a sender whose requests are refused again and again', () => {
  let app: NestFastifyApplication;
  beforeEach(async () => {
    const config = loadConfig({
      MAX_BODY_BYTES: String(MAX_BODY_BYTES),
      MAX_EVENT_BYTES: '50000',
      RATE_LIMIT_PER_10S: String(LIMIT),
    });
    const limits = { ...SERVER_LIMITS, maxBytesOfBodies: 0 };
    app = await createApp(config, ThingModule, { logger: new PinoLogger({ level: 'silent' }), limits });
    await app.listen(0, '127.0.0.1');
  });
  afterEach(() => app.close());

  const post = async (body: string): Promise<{ status: number; tookMs: number }> => {
    const startedAt = performance.now();
    const { port } = app.getHttpServer().address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/thing`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await answer.arrayBuffer();
    return { status: answer.status, tookMs: performance.now() - startedAt };
  };

  it('waits for those answers, and not for others', async () => {
    const refused = await Promise.all(Array.from({ length: LIMIT + 5 }, () => post('{')));
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([400]));
    const slowest = refused.map(({ tookMs }) => tookMs).sort((a, b) => b - a);
    // A fifth of a second each, less what the clock and a timer may be apart.
    expect(slowest[0]!).toBeGreaterThanOrEqual(950);
    expect(slowest[4]!).toBeGreaterThanOrEqual(150);
    const waiting = post('{');
    expect((await post('{"name":1}')).status).toBe(200);
    expect((await waiting).status).toBe(400);
  });

  it('gives back what its bodies took while it waits', async () => {
    // Each counts for 13 refusals; two bodies are all that it may have under way.
    const malformed = `[${'0,'.repeat(MAX_BODY_BYTES / 2 - 2)}`;
    for (let n = 0; n < 3; n += 1) expect((await post(malformed)).status).toBe(400);
    const waiting: Promise<{ status: number; tookMs: number }>[] = [];
    for (let n = 0; n < 3; n += 1) {
      waiting.push(post(malformed));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await post(JSON.stringify({ name: 'x'.repeat(10_000) }))).status).toBe(200);
    const answers = await Promise.all(waiting);
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(answers[2]!.tookMs).toBeGreaterThan(1_000);
  });
});
