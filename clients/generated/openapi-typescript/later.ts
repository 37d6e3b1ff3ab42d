import createClient from 'openapi-fetch';
import { apiToken, NO_WEBHOOK, serviceUrl, tellLater } from '../summary.js';
import type { paths } from './client/tidings.js';

const client = createClient<paths>({ baseUrl: serviceUrl, headers: { Authorization: `Bearer ${apiToken}` } });

const { data } = await client.GET('/delivery');
const { error } = await client.GET('/webhook/{id}', { params: { path: { id: NO_WEBHOOK } } });
const delivery = data!.result[0]!;

tellLater({ eventType: delivery.event_type, members: Object.keys(delivery), code: error!.code });
