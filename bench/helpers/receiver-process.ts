import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { monotonicMs } from '../measures/clock.js';
import type { Distribution } from '../measures/samples.js';
import { answerAfter, answerDelayMs, type ReceiverName } from './answers.js';
import { serve } from './helper-process.js';
import { markIn } from './payload.js';
import { Receipts, type ReceiptsReport } from './receipts.js';
import { onRequests } from './requests.js';
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
  /** Latencies since the last call. */
  takeLatencies: (argument: null) => Distribution;
}

const SLOW_ANSWER_MS = 14_000;
const LATE_ANSWER_MS = 5_000;

let receiver: ReceiverName = 'least';
let receipts = new Receipts();

const server = createServer({ noDelay: true }, (socket) => {
  onRequests(socket, (request) => handle(socket, request));
  // A sender that gives up, or the end of the run, breaks connections.
  socket.on('error', () => undefined);
});

function handle(socket: Socket, request: string): void {
  const { behaviour, index } = targetOf(request);
  switch (behaviour) {
    case 'hang':
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'slow':
      answerAfter(SLOW_ANSWER_MS, socket, receiver);
      return;
    case 'late':
      answerAfter(LATE_ANSWER_MS, socket, receiver);
      return;
    case 'ok':
      answerAfter(answerDelayMs(receiver), socket, receiver);
      receipts.add(index, markIn(request), monotonicMs());
  }
}

serve<ReceiverProcedures>({
  async listen() {
    // Scenario `tls` has a thousand hosts: addresses of 127.0.0.0/8.
    server.listen(0, '0.0.0.0');
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
  takeLatencies: () => receipts.takeLatencies(),
});
