import type { Socket } from 'node:net';

/**
 * How an endpoint that accepts everything answers. `least`: two lines, at once. `ordinary`: as an application behind a web
 * server does, with twelve header lines, 300 bytes, and a time of its own for each answer.
 */
export const RECEIVERS = ['least', 'ordinary'] as const;
export type ReceiverName = (typeof RECEIVERS)[number];

const MEDIAN_MS = 20;
const P99_MS = 200;
/** Of the standard normal distribution. */
const QUANTILE_99 = 2.326;
const SIGMA = Math.log(P99_MS / MEDIAN_MS) / QUANTILE_99;

const LEAST = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');

const BODY = JSON.stringify({ status: 'accepted', trace: 'x'.repeat(264) });
const ORDINARY = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'Server: nginx/1.26.2',
    'Date: Tue, 01 Dec 2026 00:00:00 GMT',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${BODY.length}`,
    'Connection: keep-alive',
    'Keep-Alive: timeout=65',
    'X-Request-Id: 9b2f6c1e-5d0a-4f7e-9a53-0f1c2b3d4e5f',
    'Cache-Control: no-store',
    'Vary: Accept-Encoding',
    'X-Content-Type-Options: nosniff',
    'Strict-Transport-Security: max-age=31536000',
    'X-Runtime: 0.019',
    '',
    BODY,
  ].join('\r\n'),
);

export function answerOf(receiver: ReceiverName): Buffer {
  return receiver === 'least' ? LEAST : ORDINARY;
}

/** Log-normal for `ordinary`: p50 20 ms, p99 200 ms. */
export function answerDelayMs(receiver: ReceiverName): number {
  return receiver === 'least' ? 0 : MEDIAN_MS * Math.exp(SIGMA * normal());
}

/** By the method of Box and Muller. */
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

export function answerAfter(delayMs: number, socket: Socket, receiver: ReceiverName): void {
  const text = answerOf(receiver);
  if (delayMs === 0) socket.write(text);
  else setTimeout(() => socket.write(text), delayMs);
}
