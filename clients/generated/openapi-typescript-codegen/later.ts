import { NO_WEBHOOK, serviceUrl, tellLater } from '../summary.js';
import { ApiError, DeliveriesService, type ErrorResponse, OpenAPI, WebhooksService } from './client/index.js';

OpenAPI.BASE = serviceUrl;

const page = await DeliveriesService.listDeliveries({});
if (!('result' in page)) throw new Error(page.message);
const delivery = page.result[0]!;
const error: unknown = await WebhooksService.getWebhook({ id: NO_WEBHOOK }).catch((thrown: unknown) => thrown);
if (!(error instanceof ApiError)) throw error;

tellLater({
  eventType: delivery.event_type,
  members: Object.keys(delivery),
  code: (error.body as ErrorResponse).code,
});
