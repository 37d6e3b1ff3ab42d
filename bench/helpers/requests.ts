import type { Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/** Calls back with each whole request, head and body, in latin1. */
export function onRequests(socket: Socket, onRequest: (request: string) => void): void {
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    // One byte is one character, so lengths are in bytes.
    received += chunk.toString('latin1');
    for (;;) {
      const end = endOfRequest(received);
      if (end === null) return;
      onRequest(received.slice(0, end));
      received = received.slice(end);
    }
  });
}

/** Where the first request in the text ends; null: it is not complete. */
function endOfRequest(text: string): number | null {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const end = headEnd + HEAD_END.length + Number(CONTENT_LENGTH.exec(text)?.[1] ?? 0);
  return text.length < end ? null : end;
}
