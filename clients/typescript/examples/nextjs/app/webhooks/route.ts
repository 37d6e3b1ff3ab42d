import { unwrap, WebhookVerificationError } from '@tidings/client';
import { after } from 'next/server';
import { handleStored, store } from '../../../inbox';
import { webhookSecrets } from '../../../webhook-secrets';

const BODY_MAX_BYTES = 1_048_576;

export async function POST(request: Request): Promise<Response> {
  if (!/^application\/json *(;|$)/i.test(request.headers.get('content-type') ?? '')) {
    return refusal(415, 'it is not JSON by its content type');
  }
  const rawBody = await readBody(request);
  if (!rawBody) return refusal(413, `it has more than ${BODY_MAX_BYTES} bytes`);
  try {
    // Not at the top of the file, which the build evaluates, too.
    await store(unwrap(request.headers, rawBody, webhookSecrets()));
  } catch (error) {
    if (error instanceof WebhookVerificationError) return refusal(401, error.message);
    throw error;
  }
  after(handleStored);
  return new Response(null, { status: 204 });
}

/** The bytes as they arrived; undefined when there are too many. Next itself has no limit for a route handler. */
async function readBody(request: Request): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The reason is for the log of the receiver, not for who sent it. */
function refusal(status: number, reason: string): Response {
  console.log(`refused: ${reason}`);
  return new Response(null, { status });
}
