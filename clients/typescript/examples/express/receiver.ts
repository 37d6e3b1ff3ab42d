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
    console.log('refused: it is not JSON by its content type');
    response.sendStatus(415);
    return;
  }
  await store(unwrap(request.headers, request.body, secrets));
  response.sendStatus(204);
  await handleStored();
});

const refuseUnverified: ErrorRequestHandler = (error, _request, response, next) => {
  if (!(error instanceof WebhookVerificationError)) return next(error);
  console.log(`refused: ${error.message}`);
  response.sendStatus(401);
};
app.use(refuseUnverified);

const port = Number(process.env['PORT'] ?? 4000);
app.listen(port, () => console.log(`listening on http://localhost:${port}/webhooks`));
