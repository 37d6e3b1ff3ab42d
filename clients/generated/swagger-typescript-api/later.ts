import { NO_WEBHOOK, serviceUrl, tellLater } from '../summary.js';
import { Api, type ErrorResponse, type HttpResponse } from './client/tidings.js';

const api = new Api({ baseUrl: serviceUrl });

const { data } = await api.delivery.listDeliveries();
const delivery = data.result[0]!;
const { error } = await api.webhook
  .getWebhook(NO_WEBHOOK)
  .catch((response: unknown) => response as HttpResponse<unknown, ErrorResponse>);

tellLater({ eventType: delivery.event_type, members: Object.keys(delivery), code: error.code });
