import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createSecureServer as createHttp2Server, createServer as createCleartextHttp2Server } from 'node:http2';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { CertificateAuthority, Identity } from './certificates.js';

/** One way to treat a sender badly, and what an attempt makes of it. */
export interface HostileReceiver {
  /** Reads on after "a receiver that". */
  name: string;
  outcome: 'succeeded' | 'failed';
  status: number | null;
  error: string | null;
  /** It holds every attempt until the deadline. */
  holds?: true;
  scheme?: 'https';
  /** What it is sent is larger than the buffers between, so that it shows whether it is read. */
  getsMuch?: true;
  /** @param canaryUrl an internal address that nothing may reach. */
  serve(authority: CertificateAuthority, canaryUrl: string): Server;
}

const tcp = (onSocket: (socket: Socket) => void): Server => createTcpServer(quiet(onSocket));
const http = (listener: RequestListener): Server => createHttpServer(listener);
/** Answers a request with these bytes, whatever it was. */
const bytes = (answer: string): Server => tcp((socket) => socket.once('data', () => socket.end(answer)));

function quiet(onSocket: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  };
}

/** Writes a piece again and again until the sender has had enough, as fast as it is taken or `everyMs`. */
function pour(socket: Socket, piece: string | Buffer, everyMs?: number): void {
  if (everyMs !== undefined) {
    const timer = setInterval(() => socket.write(piece), everyMs);
    socket.on('close', () => clearInterval(timer));
    return;
  }
  const write = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', write);
  write();
}

/** Once the request has begun to arrive: writes the head, then `then`. */
const after = (head: string, then: (socket: Socket) => void): Server =>
  tcp((socket) => {
    socket.once('data', () => {
      socket.resume();
      if (head !== '') socket.write(head);
      then(socket);
    });
  });

const reset = (socket: Socket): void => void setTimeout(() => socket.resetAndDestroy(), 20);

const tls = (identity: Identity & TlsOptions): Server => {
  const server = createTlsServer(
    identity,
    quiet((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))),
  );
  return server.on('tlsClientError', () => undefined);
};

/** A receiver's TLS, and the error of an attempt that meets it. */
type BadTls = [name: string, error: string, identityOf: (authority: CertificateAuthority) => Identity & TlsOptions];

const PIECE = Buffer.alloc(16_384, 'a');
const OK_HEAD = 'HTTP/1.1 200 OK\r\n';
const CHUNKED_HEAD = `${OK_HEAD}transfer-encoding: chunked\r\n\r\n`;

/** A quarter of a gigabyte of zeros, which is a quarter of a megabyte. Made once, when it is first needed: it takes 2 s. */
let bomb: Buffer | undefined;
const gzipBomb = (): RequestListener => {
  const encoded = (bomb ??= gzipSync(Buffer.alloc(268_435_456)));
  return (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(encoded);
};

const succeeded = { outcome: 'succeeded', status: 200, error: null } as const;
const failed = (error: string): Pick<HostileReceiver, 'outcome' | 'status' | 'error'> => ({
  outcome: 'failed',
  status: null,
  error,
});
const answered = (status: number): Pick<HostileReceiver, 'outcome' | 'status' | 'error'> => ({
  outcome: 'failed',
  status,
  error: null,
});

export const HOSTILE_RECEIVERS: readonly HostileReceiver[] = [
  // Those that take time.
  { name: 'accepts and never answers', ...failed('timeout'), holds: true, serve: () => tcp((s) => s.resume()) },
  {
    name: 'never reads the request',
    ...failed('timeout'),
    holds: true,
    getsMuch: true,
    serve: () => tcp((socket) => socket.pause()),
  },
  {
    name: 'drips its headers',
    ...failed('timeout'),
    holds: true,
    serve: () => after(`${OK_HEAD}x: `, (socket) => pour(socket, 'a', 20)),
  },
  {
    name: 'drips 1xx answers',
    ...failed('timeout'),
    holds: true,
    serve: () => after('', (socket) => pour(socket, 'HTTP/1.1 102 Processing\r\n\r\n', 20)),
  },
  {
    name: 'drips its body after a 2xx',
    ...succeeded,
    holds: true,
    serve: () => after(`${OK_HEAD}\r\n`, (socket) => pour(socket, 'a', 20)),
  },
  {
    name: 'never ends its body after a 500',
    ...answered(500),
    holds: true,
    serve: () => after('HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\n', () => undefined),
  },
  {
    name: 'stalls in the TLS handshake',
    ...failed('timeout'),
    holds: true,
    scheme: 'https',
    serve: () => tcp((socket) => socket.resume()),
  },
  // Those that send too much.
  {
    name: 'sends a body without end',
    ...succeeded,
    serve: () => after(`${OK_HEAD}\r\n`, (socket) => pour(socket, PIECE)),
  },
  {
    name: 'announces 10 GB and sends them',
    ...succeeded,
    serve: () => after(`${OK_HEAD}content-length: 10737418240\r\n\r\n`, (socket) => pour(socket, PIECE)),
  },
  {
    name: 'sends 1xx answers without end',
    ...failed('response_too_large'),
    serve: () => after('', (socket) => pour(socket, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100))),
  },
  { name: 'sends a gzip bomb', ...succeeded, serve: () => http(gzipBomb()) },
  {
    name: 'sends a chunk extension without end',
    ...succeeded,
    serve: () => after(`${CHUNKED_HEAD}1;`, (socket) => pour(socket, PIECE)),
  },
  {
    name: 'sends trailers without end',
    ...succeeded,
    serve: () => after(`${CHUNKED_HEAD}1\r\na\r\n0\r\n`, (socket) => pour(socket, `x: ${'a'.repeat(1_000)}\r\n`)),
  },
  {
    name: 'sends 17 KiB of headers',
    ...failed('response_too_large'),
    serve: () => bytes(`${OK_HEAD}a: ${'b'.repeat(17_408)}\r\n\r\n`),
  },
  {
    name: 'sends 16,000 empty headers',
    ...failed('response_too_large'),
    serve: () => bytes(`${OK_HEAD}${'a:\r\n'.repeat(16_000)}\r\n`),
  },
  {
    name: 'sends 16 KiB of headers and many empty ones',
    ...failed('response_too_large'),
    serve: () => bytes(`${OK_HEAD}a: ${'b'.repeat(16_384)}\r\n${'a:\r\n'.repeat(12_000)}\r\n`),
  },
  {
    name: 'sends 10,000 headers',
    ...failed('response_too_large'),
    serve: () => bytes(`${OK_HEAD}${'a: b\r\n'.repeat(10_000)}\r\n`),
  },
  {
    name: 'answers and never reads the request',
    ...succeeded,
    getsMuch: true,
    serve: () => tcp((socket) => socket.once('readable', () => socket.write(`${OK_HEAD}content-length: 0\r\n\r\n`))),
  },
  // Those that break off.
  { name: 'resets on accept', ...failed('reset'), serve: () => tcp((socket) => socket.resetAndDestroy()) },
  { name: 'resets after the request', ...failed('reset'), serve: () => after('', reset) },
  { name: 'resets within its headers', ...failed('reset'), serve: () => after(`${OK_HEAD}a: b\r\n`, reset) },
  { name: 'resets within its body after a 2xx', ...succeeded, serve: () => after(`${OK_HEAD}\r\npart`, reset) },
  {
    name: 'resets within its body after a 500',
    ...answered(500),
    serve: () => after('HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\npart', reset),
  },
  { name: 'closes without an answer', ...failed('reset'), serve: () => after('', (socket) => socket.end()) },
  { name: 'closes on accept', ...failed('reset'), serve: () => tcp((socket) => socket.end()) },
  // Those that speak something else.
  {
    name: 'speaks SSH before it is asked',
    ...failed('protocol_error'),
    serve: () => tcp((socket) => socket.resume().write('SSH-2.0-OpenSSH_9.2p1\r\n')),
  },
  {
    name: 'sends without end before it is asked',
    ...failed('protocol_error'),
    serve: () => tcp((socket) => pour(socket, PIECE)),
  },
  { name: 'speaks HTTP/2 alone', ...failed('http2_only'), serve: () => createCleartextHttp2Server() },
  {
    name: 'says 100 Continue unasked, and answers',
    ...succeeded,
    serve: () => bytes(`HTTP/1.1 100 Continue\r\n\r\n${OK_HEAD}content-length: 0\r\n\r\n`),
  },
  { name: 'speaks SSH', ...failed('protocol_error'), serve: () => bytes('SSH-2.0-OpenSSH_9.2p1\r\n') },
  {
    name: 'sends a NUL in a header',
    ...failed('protocol_error'),
    serve: () => bytes(`${OK_HEAD}a: b\0c\r\n\r\n`),
  },
  {
    name: 'switches protocols',
    ...failed('protocol_error'),
    serve: () => bytes('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  },
  {
    name: 'announces two lengths',
    ...failed('protocol_error'),
    serve: () => bytes(`${OK_HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nab`),
  },
  { name: 'breaks its chunks', ...succeeded, serve: () => bytes(`${CHUNKED_HEAD}4\r\npart\r\nzz\r\n`) },
  {
    name: 'answers twice',
    ...succeeded,
    serve: () => bytes(`${OK_HEAD}content-length: 3\r\n\r\noneHTTP/1.1 500 No\r\ncontent-length: 8\r\n\r\nsmuggled`),
  },
  { name: 'answers with status 999', ...answered(999), serve: () => bytes('HTTP/1.1 999 ?\r\n\r\n') },
  {
    name: 'sends a content type of 15 KiB',
    ...succeeded,
    serve: () => bytes(`${OK_HEAD}content-type: ${'t'.repeat(15_360)}\r\ncontent-length: 0\r\n\r\n`),
  },
  // Those that lead elsewhere.
  ...[301, 302, 303, 307, 308].map((status): HostileReceiver => ({
    name: `redirects with ${status} to an internal address`,
    ...answered(status),
    serve: (_authority, canaryUrl) => http((_, response) => response.writeHead(status, { location: canaryUrl }).end()),
  })),
  // Those whose TLS is bad.
  ...(
    [
      ['shows a self-signed certificate', 'tls_untrusted_certificate', (ca) => ca.selfSigned('localhost')],
      [
        'shows an expired certificate',
        'tls_expired_certificate',
        (ca) => ca.issue('localhost', { validity: 'expired' }),
      ],
      ['shows a certificate for another name', 'tls_wrong_name', (ca) => ca.issue('other.example.com')],
      [
        'shows a certificate with an RSA key of 1,024 bits',
        'tls_weak_certificate',
        (ca) => ({ ...ca.issue('localhost', { key: 'RSA-1024' }), ciphers: 'DEFAULT@SECLEVEL=0' }),
      ],
      [
        'shows a certificate that was signed with SHA-1',
        'tls_weak_certificate',
        (ca) => ({ ...ca.issue('localhost', { digest: 'sha1' }), ciphers: 'DEFAULT@SECLEVEL=0' }),
      ],
      [
        'speaks only TLS 1.0',
        'tls_no_common_version',
        (ca) => ({
          ...ca.issue('localhost'),
          minVersion: 'TLSv1',
          maxVersion: 'TLSv1',
          ciphers: 'DEFAULT@SECLEVEL=0',
        }),
      ],
      [
        'insists on a Diffie-Hellman group of its own',
        'tls_no_common_cipher',
        (ca) => ({ ...ca.issue('localhost'), maxVersion: 'TLSv1.2', ciphers: 'DHE', dhparam: 'auto' }),
      ],
      ...(['TLSv1.2', 'TLSv1.3'] as const).map((version): BadTls => [
        `asks for a client certificate in ${version.replace('v', ' ')}`,
        'tls_client_certificate_required',
        (ca) => ({ ...ca.issue('localhost'), requestCert: true, minVersion: version, maxVersion: version }),
      ]),
    ] satisfies BadTls[]
  ).map(([name, error, identityOf]): HostileReceiver => ({
    name,
    ...failed(error),
    scheme: 'https',
    serve: (authority) => tls(identityOf(authority)),
  })),
  {
    name: 'sends its body in TLS records of one byte',
    ...succeeded,
    scheme: 'https',
    serve: (authority) =>
      createTlsServer(
        authority.issue('localhost'),
        quiet((socket) =>
          socket.once('data', () => {
            socket.write(`${OK_HEAD}\r\n`);
            // One after the other: what is written together is one record.
            let left = 300;
            const next = (): void => void (left-- > 0 ? socket.write('a', () => setImmediate(next)) : socket.end());
            next();
          }),
        ),
      ),
  },
  {
    name: 'speaks SSH over TLS before it is asked',
    ...failed('protocol_error'),
    scheme: 'https',
    serve: (authority) =>
      createTlsServer(
        authority.issue('localhost'),
        quiet((socket) => socket.resume().write('SSH-2.0-OpenSSH_9.2p1\r\n')),
      ),
  },
  {
    name: 'speaks plain HTTP on a TLS port',
    ...failed('tls_not_spoken'),
    scheme: 'https',
    serve: () => http((_, response) => response.end('ok')),
  },
  {
    name: 'breaks the TLS handshake off',
    ...failed('reset'),
    scheme: 'https',
    serve: () => after('', reset),
  },
  {
    name: 'speaks HTTP/2 alone, over TLS',
    ...failed('http2_only'),
    scheme: 'https',
    serve: (authority) => createHttp2Server(authority.issue('localhost')),
  },
  // Those whose answers are hard to keep.
  {
    name: 'answers with NUL, invalid UTF-8 and </script>',
    ...succeeded,
    serve: () => http((_, response) => response.end(Buffer.from('a\0b\xff\xed\xa0\x80</script>', 'latin1'))),
  },
];

/** Not hostile: shows that the authority is trusted, so that the bad certificates fail for what they are. */
export const HONEST_TLS_RECEIVER: HostileReceiver = {
  name: 'shows a good certificate',
  ...succeeded,
  scheme: 'https',
  serve: (authority) => tls(authority.issue('localhost')),
};
