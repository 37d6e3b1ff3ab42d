import { unwrap, WebhookVerificationError } from '@tidings/client';
import { fastify, type FastifyError } from 'fastify';
import { handleStored, store } from '../inbox.js';
import { webhookSecrets } from '../webhook-secrets.js';

const secrets = webhookSecrets();
const server = fastify();

// A plugin has its own parsers, hooks and error handler: other routes keep their parsed bodies.
await server.register(async (webhooks) => {
  // The raw body, of JSON alone: anything else is answered with 415, and above the limit with 413.
  webhooks.removeAllContentTypeParsers();
  const options = { parseAs: 'buffer', bodyLimit: 1_048_576 } as const;
  webhooks.addContentTypeParser('application/json', options, async (_request: unknown, body: Buffer) => body);

  webhooks.post<{ Body: Buffer | undefined }>('/webhooks', async (request, reply) => {
    await store(unwrap(request.headers, request.body ?? '', secrets));
    return reply.code(204).send();
  });
  webhooks.addHook('onResponse', handleStored);
  webhooks.setErrorHandler((error, _request, reply) => {
    const isUnverified = error instanceof WebhookVerificationError;
    // Fastify's own refusals, too: what is too large, or no JSON by its content type.
    if (isUnverified || (error as FastifyError).statusCode! < 500) console.log(`refused: ${(error as Error).message}`);
    if (isUnverified) return reply.code(401).send();
    throw error;
  });
});

const port = Number(process.env['PORT'] ?? 4000);
await server.listen({ port });
console.log(`listening on http://localhost:${port}/webhooks`);
