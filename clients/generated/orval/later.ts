import { NO_WEBHOOK, tellLater } from '../summary.js';
import { getWebhook, listDeliveries } from './client/tidings.js';

const page = await listDeliveries();
const missing = await getWebhook(NO_WEBHOOK);
if (page.status !== 200 || missing.status !== 404) throw new Error(JSON.stringify([page, missing]));
const delivery = page.data.result[0]!;

tellLater({ eventType: delivery.event_type, members: Object.keys(delivery), code: missing.data.code });
