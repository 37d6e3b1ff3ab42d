import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { monotonicMs } from '../measures/clock.js';
import { answerDelayMs, answerOf, type ReceiverName } from './answers.js';
import { serve } from './helper-process.js';
import { markIn } from './payload.js';
import { Receipts, type ReceiptsReport } from './receipts.js';
import { targetOf } from './target.js';

/* The receiver of the webhooks: it knows just enough of HTTP/1.1 to count requests and to answer them. */

export interface ReceiverProcedures {
  /** Returns the port. */
  listen: (argument: null) => Promise<number>;
  /** How those answer that accept everything; at first `least`. */
  answerAs: (receiver: ReceiverName) => void;
  reset: (argument: null) => void;
  /** Requests of endpoints that answer at once. */
  count: (argument: null) => number;
  /** Latencies are those of the webhooks `from` to `to` (excluded). */
  report: (webhooks: { from: number; to: number }) => ReceiptsReport;
}

const SLOW_ANSWER_MS = 14_000;
const LATE_ANSWER_MS = 5_000;
const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

let receiver: ReceiverName = 'least';
let receipts = new Receipts();

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('data', (chunk) => {
    // One byte is one character, so lengths are in bytes.
    received += chunk.toString('latin1');
    for (;;) {
      const end = endOfRequest(received);
      if (end === null) return;
      handle(socket, received.slice(0, end));
      received = received.slice(end);
    }
  });
  // A sender that gives up, or the end of the run, breaks connections.
  socket.on('error', () => undefined);
});

/** Where the first request in the text ends; null: it is not complete. */
function endOfRequest(text: string): number | null {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const end = headEnd + HEAD_END.length + Number(CONTENT_LENGTH.exec(text)?.[1] ?? 0);
  return text.length < end ? null : end;
}

function handle(socket: Socket, request: string): void {
  const { behaviour, index } = targetOf(request);
  switch (behaviour) {
    case 'hang':
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'slow':
      answer(socket, SLOW_ANSWER_MS);
      return;
    case 'late':
      answer(socket, LATE_ANSWER_MS);
      return;
    case 'ok':
      answer(socket, answerDelayMs(receiver));
      receipts.add(index, markIn(request), monotonicMs());
  }
}

function answer(socket: Socket, delayMs: number): void {
  const text = answerOf(receiver);
  if (delayMs === 0) socket.write(text);
  else setTimeout(() => socket.write(text), delayMs);
}

serve<ReceiverProcedures>({
  async listen() {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  answerAs(name) {
    receiver = name;
  },
  reset() {
    receipts = new Receipts();
  },
  count: () => receipts.count,
  report: ({ from, to }) => receipts.report((webhook) => webhook >= from && webhook < to),
});
