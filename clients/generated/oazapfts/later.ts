import { NO_WEBHOOK, serviceUrl, tellLater } from '../summary.js';
import { ok } from '@oazapfts/runtime';
import { defaults, getWebhook, listDeliveries } from './client/tidings.js';

defaults.baseUrl = serviceUrl;

const { result } = await ok(listDeliveries());
const missing = await getWebhook(NO_WEBHOOK);
if (!('code' in missing.data)) throw new Error(JSON.stringify(missing));
const delivery = result[0]!;

tellLater({ eventType: delivery.event_type, members: Object.keys(delivery), code: missing.data.code });
