import { unwrap, WebhookVerificationError } from '@tidings/client';
import { fastify } from 'fastify';
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
    if (error instanceof WebhookVerificationError) return reply.code(401).send();
    throw error;
  });
});

await server.listen({ port: Number(process.env['PORT'] ?? 4000) });
