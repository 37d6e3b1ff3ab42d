import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { envelopeOf, signedHeaders, type SigningOptions } from '../../src/deliveries/sending/outgoing-request.js';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { monotonicMs } from '../measures/clock.js';
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

export interface BareLoopProcedures {
  /** Returns requests answered per second. */
  run: (options: BareLoopOptions) => Promise<number>;
}

const SIGNING: SigningOptions = {
  userAgent: 'Tidings/bench',
  signatureHeader: 'X-Webhook-Signature',
  signatureEncoding: 'base64',
};

async function run({ port, concurrency, seconds }: BareLoopOptions): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: concurrency, pipelining: 1 });
  const [environmentId, webhookId, secret] = [randomUUID(), randomUUID(), randomUUID()];
  let started = 0;
  let answered = 0;

  const send = async (): Promise<void> => {
    const now = new Date();
    const payload = payloadOf(started, 0);
    started += 1;
    const event = { id: uuidV7(now.getTime()), type: 'record:created', payload, createdAt: now };
    const body = envelopeOf(event, environmentId, webhookId);
    const headers = signedHeaders(body, event.id, [secret], now, SIGNING);
    const response = await pool.request({ method: 'POST', path: '/ok/0', headers, body });
    await response.body.dump();
    answered += 1;
  };

  const start = monotonicMs();
  const end = start + seconds * 1000;
  const sendUntilEnd = async (): Promise<void> => {
    while (monotonicMs() < end) await send();
  };
  await Promise.all(Array.from({ length: concurrency }, sendUntilEnd));
  const elapsedMs = monotonicMs() - start;
  await pool.close();
  return (answered * 1000) / elapsedMs;
}

serve<BareLoopProcedures>({ run });
