import { readJsonBody } from '../../src/http/json-body.js';

/** The default of MAX_EVENT_BYTES. */
export const MAX_EVENT_BYTES = 262_144;

/** Reads a body as the server does. */
export function parsedBody(body: Buffer | string, maxEventBytes = MAX_EVENT_BYTES): Promise<unknown> {
  return new Promise((resolve, reject) => {
    readJsonBody(Buffer.from(body), maxEventBytes, setImmediate, (error, value) =>
      error ? reject(error) : resolve(value),
    );
  });
}

/** The same at once. */
export function parsedAtOnce(body: Buffer | string, maxEventBytes = MAX_EVENT_BYTES): unknown {
  let outcome: { error: Error | null; value?: unknown } = { error: new Error('The body was not read') };
  readJsonBody(
    Buffer.from(body),
    maxEventBytes,
    (work) => work(),
    (error, value) => (outcome = { error, value }),
  );
  if (outcome.error) throw outcome.error;
  return outcome.value;
}
