import { apiToken, NO_WEBHOOK, serviceUrl, tellLater } from '../summary.js';
import { client } from './client/client.gen.js';
import { getWebhook, listDeliveries } from './client/index.js';

client.setConfig({ baseUrl: serviceUrl, auth: apiToken });

const { data } = await listDeliveries();
const { error } = await getWebhook({ path: { id: NO_WEBHOOK } });
const delivery = data!.result[0]!;

tellLater({ eventType: delivery.event_type, members: Object.keys(delivery), code: error!.code });
