import { unwrap, WebhookVerificationError } from '@tidings/client';
import { after } from 'next/server';
import { handleStored, store } from '../../../inbox';
import { webhookSecrets } from '../../../webhook-secrets';

const BODY_MAX_BYTES = 1_048_576;

export async function POST(request: Request): Promise<Response> {
  if (!/^application\/json *(;|$)/i.test(request.headers.get('content-type') ?? '')) return answer(415);
  const rawBody = await readBody(request);
  if (!rawBody) return answer(413);
  try {
    // Not at the top of the file, which the build evaluates, too.
    await store(unwrap(request.headers, rawBody, webhookSecrets()));
  } catch (error) {
    if (error instanceof WebhookVerificationError) return answer(401);
    throw error;
  }
  after(handleStored);
  return answer(204);
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

function answer(status: number): Response {
  return new Response(null, { status });
}
