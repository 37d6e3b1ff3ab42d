import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { envelopeOf, signedHeaders, type SigningOptions } from '../../src/deliveries/sending/outgoing-request.js';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { monotonicMs } from '../measures/clock.js';
import { atPlannedInstants } from '../measures/planned-instants.js';
import { type Distribution, Samples } from '../measures/samples.js';
import { serve } from './helper-process.js';
import { payloadOf } from './payload.js';

/*
 * The yardstick: a webhook service reduced to signing and sending. Envelope and signatures are made by the program's
 * own functions, so that nobody can be faster by signing less.
 */

export interface BareLoopOptions {
  /** Of the receiver. */
  port: number;
  /** At a time, each on a connection of its own. */
  concurrency: number;
  seconds: number;
}

export interface BareRequestsOptions {
  /** Of the receiver. */
  port: number;
  perSecond: number;
  warmUpSeconds: number;
  seconds: number;
}

export interface BareLoopProcedures {
  /** Returns requests answered per second. */
  run: (options: BareLoopOptions) => Promise<number>;
  /**
   * Whether or not earlier ones are answered. The receiver measures those after the warm-up; returns how late these were
   * begun, in milliseconds.
   */
  runInTime: (options: BareRequestsOptions) => Promise<Distribution>;
}

/** More than are under way at a time. */
const IN_TIME_CONNECTIONS = 256;

const SIGNING: SigningOptions = {
  userAgent: 'Tidings/bench',
  signatureHeader: 'X-Webhook-Signature',
  signatureEncoding: 'base64',
};

/** To one webhook, each connection with one request at a time. */
class BareSender {
  private readonly pool: Pool;
  private readonly ids = [randomUUID(), randomUUID()] as const;
  private readonly secret = randomUUID();
  private started = 0;

  constructor(port: number, connections: number) {
    this.pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 });
  }

  /** @param atMs the planned instant; 0: nothing is measured. */
  async send(atMs: number): Promise<void> {
    const now = new Date();
    const payload = payloadOf(this.started, atMs);
    this.started += 1;
    const event = { id: uuidV7(now.getTime()), type: 'record:created', payload, createdAt: now };
    const body = envelopeOf(event, ...this.ids);
    const headers = signedHeaders(body, event.id, [this.secret], now, SIGNING);
    const response = await this.pool.request({ method: 'POST', path: '/ok/0', headers, body });
    await response.body.dump();
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

async function run({ port, concurrency, seconds }: BareLoopOptions): Promise<number> {
  const sender = new BareSender(port, concurrency);
  let answered = 0;
  const start = monotonicMs();
  const end = start + seconds * 1000;
  const sendUntilEnd = async (): Promise<void> => {
    while (monotonicMs() < end) {
      await sender.send(0);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sendUntilEnd));
  const elapsedMs = monotonicMs() - start;
  await sender.close();
  return (answered * 1000) / elapsedMs;
}

async function runInTime({ port, perSecond, warmUpSeconds, seconds }: BareRequestsOptions): Promise<Distribution> {
  const sender = new BareSender(port, IN_TIME_CONNECTIONS);
  const send = async (forSeconds: number, isMeasured: boolean): Promise<Samples> => {
    const startMs = monotonicMs();
    const lateMs = new Samples();
    const answers: Promise<void>[] = [];
    await atPlannedInstants({ startMs, endMs: startMs + forSeconds * 1000, perSecond }, (atMs) => {
      lateMs.add(monotonicMs() - atMs);
      answers.push(sender.send(isMeasured ? atMs : 0));
      return true;
    });
    await Promise.all(answers);
    return lateMs;
  };
  await send(warmUpSeconds, false);
  const lateMs = await send(seconds, true);
  await sender.close();
  return lateMs.distribution;
}

serve<BareLoopProcedures>({ run, runInTime });
