import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { monotonicMs } from '../measures/clock.js';
import { answerAfter, answerDelayMs, type ReceiverName } from './answers.js';
import { serve } from './helper-process.js';
import { markIn } from './payload.js';
import { Receipts } from './receipts.js';
import type { ReceiverProcedures } from './receiver-process.js';
import { onRequests } from './requests.js';
import { targetOf } from './target.js';
import { TestAuthority } from './test-authority.js';

/* Many hosts in one process: every address of 127.0.0.0/8 is one, with a certificate of its own. */

/** Since the last `reset`. */
export interface TlsReport {
  handshakes: number;
  resumed: number;
  /** At a time. */
  mostSockets: number;
}

export interface TlsReceiverProcedures extends ReceiverProcedures {
  /** In PEM. */
  authority: (argument: null) => string;
  tlsReport: (argument: null) => TlsReport;
}

/** As Node's and many other servers do. */
const IDLE_MS = 5_000;

const authority = new TestAuthority();
const contexts = new Map<string, SecureContext>();
let receiver: ReceiverName = 'least';
let receipts = new Receipts();
let handshakes = 0;
let resumed = 0;
let sockets = 0;
let mostSockets = 0;

const server = createServer({ noDelay: true }, (raw) => {
  const socket = new TLSSocket(raw, { isServer: true, secureContext: contextOf(raw.localAddress!) });
  sockets += 1;
  mostSockets = Math.max(mostSockets, sockets);
  raw.once('close', () => (sockets -= 1));
  socket.once('secure', () => {
    handshakes += 1;
    if (socket.isSessionReused()) resumed += 1;
  });
  socket.setTimeout(IDLE_MS, () => socket.end());
  onRequests(socket, (request) => {
    answerAfter(answerDelayMs(receiver), socket, receiver);
    receipts.add(targetOf(request).index, markIn(request), monotonicMs());
  });
  // A sender that gives up, or the end of the run, breaks connections.
  socket.on('error', () => undefined);
});

function contextOf(address: string): SecureContext {
  let context = contexts.get(address);
  if (!context) {
    context = createSecureContext(authority.issue(address));
    contexts.set(address, context);
  }
  return context;
}

serve<TlsReceiverProcedures>({
  async listen() {
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  answerAs(name) {
    receiver = name;
  },
  reset() {
    receipts = new Receipts();
    [handshakes, resumed, mostSockets] = [0, 0, sockets];
  },
  count: () => receipts.count,
  report: ({ from, to }) => receipts.report((webhook) => webhook >= from && webhook < to),
  takeLatencies: () => receipts.takeLatencies(),
  authority: () => authority.root,
  tlsReport: () => ({ handshakes, resumed, mostSockets }),
});
