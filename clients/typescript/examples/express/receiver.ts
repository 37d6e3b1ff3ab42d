import { unwrap, WebhookVerificationError } from '@tidings/client';
import express, { type ErrorRequestHandler } from 'express';
import { handleStored, store } from '../inbox.js';
import { webhookSecrets } from '../webhook-secrets.js';

const secrets = webhookSecrets();
const app = express();

// The raw body, for this route alone. It stands before every app.use(express.json()), which would leave nothing of the
// bytes that were signed. Above the limit Express answers 413; its default of 100 kB is less than an event can have.
app.post('/webhooks', express.raw({ type: 'application/json', limit: '1mb' }), async (request, response) => {
  if (!Buffer.isBuffer(request.body)) {
    response.sendStatus(415);
    return;
  }
  await store(unwrap(request.headers, request.body, secrets));
  response.sendStatus(204);
  await handleStored();
});

const refuseUnverified: ErrorRequestHandler = (error, _request, response, next) => {
  if (error instanceof WebhookVerificationError) response.sendStatus(401);
  else next(error);
};
app.use(refuseUnverified);

app.listen(Number(process.env['PORT'] ?? 4000));
