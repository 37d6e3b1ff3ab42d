import { NO_WEBHOOK, serviceUrl, tellLater } from '../summary.js';
import { setConfig } from './client/.kubb/fetch.js';
import { type ErrorResponse, getWebhook, listDeliveries } from './client/index.js';

setConfig({ baseURL: serviceUrl });

const { data } = await listDeliveries();
const delivery = data.result[0]!;
// The types know of no error.
const { code } = (await getWebhook(NO_WEBHOOK)).data as unknown as ErrorResponse;

tellLater({ eventType: delivery.event_type, members: Object.keys(delivery), code });
