import type { ListCursors } from '../../src/reads/list-cursors.js';
import { History, type HistoryPlan, type HistoryWebhook, type PastDelivery, textOfId } from '../service/history.js';

/** Places of a thing among many, or deep in a list, evenly over the history. */
const PLACES = 20;

/** Several paths that should cost the same are read in turn. */
export interface Page {
  name: string;
  paths: string[];
}

/**
 * The pages of the lists, with the default limit, and those of one event, delivery or webhook.
 *
 * @param plan of the finished deliveries; its first webhook is the busiest, its second an ordinary one.
 * @param cursors as the service makes them.
 */
export function growthPages(plan: HistoryPlan, cursors: ListCursors): Page[] {
  const [busiest, usual] = plan.webhooks as [HistoryWebhook, HistoryWebhook];
  const { eventType: rareType } = plan.rare;
  const some = samplesOf(plan, () => true);
  const failed = samplesOf(plan, ({ status }) => status === 'failed');
  const each = (name: string, pathOf: (delivery: Sample) => string, samples = some): Page => ({
    name,
    paths: samples.map(pathOf),
  });
  const first = (name: string, path: string): Page => ({ name, paths: [path] });
  const both = (name: string, path: string): Page[] => [
    first(name, path),
    each(`${name}, deep in`, ({ id }) => pathBehind(path, id)),
  ];
  const pathBehind = (path: string, id: string): string => {
    const [list, search = ''] = path.slice(1).split('?') as [string, string?];
    const query = new URLSearchParams(search);
    const place = { list, environmentId: busiest.environmentId, filters: Object.fromEntries(query) };
    query.set('next_cursor', cursors.make(place, id));
    return `/${list}?${query.toString()}`;
  };
  return [
    ...both('GET /delivery', '/delivery'),
    ...both('GET /delivery of a webhook', `/delivery?webhook_id=${usual.id}`),
    ...both('GET /delivery of the busiest webhook', `/delivery?webhook_id=${busiest.id}`),
    each('GET /delivery of an event', ({ eventId }) => `/delivery?event_id=${eventId}`),
    first('GET /delivery pending', '/delivery?status=pending'),
    each('GET /delivery created before an instant', ({ createdAt }) => `/delivery?created_before=${createdAt}`),
    ...both('GET /delivery of a common type', `/delivery?event_type=${busiest.eventType}`),
    ...both('GET /delivery of a type like most', `/delivery?event_type=${usual.eventType}`),
    ...both('GET /delivery of a rare type', `/delivery?event_type=${rareType}`),
    ...both('GET /delivery failed', '/delivery?status=failed'),
    ...both('GET /delivery of a webhook and failed', `/delivery?webhook_id=${usual.id}&status=failed`),
    ...both('GET /delivery of the busiest and failed', `/delivery?webhook_id=${busiest.id}&status=failed`),
    ...both('GET /delivery of a webhook and a rare type', `/delivery?webhook_id=${usual.id}&event_type=${rareType}`),
    ...both(
      'GET /delivery of the busiest and a rare type',
      `/delivery?webhook_id=${busiest.id}&event_type=${rareType}`,
    ),
    each('GET /delivery/{id}', ({ id }) => `/delivery/${id}`),
    each('GET /delivery/{id} that failed', ({ id }) => `/delivery/${id}`, failed),
    ...both('GET /event', '/event'),
    ...both('GET /event of a common type', `/event?event_type=${busiest.eventType}`),
    ...both('GET /event of a rare type', `/event?event_type=${rareType}`),
    each('GET /event/{id}', ({ eventId }) => `/event/${eventId}`),
    each('GET /event/{id}/webhooks', ({ eventId }) => `/event/${eventId}/webhooks`),
    first('GET /webhook', '/webhook'),
    first('GET /webhook failing', '/webhook?failing=true'),
  ];
}

interface Sample {
  id: string;
  eventId: string;
  createdAt: string;
}

/** Of the first webhook's environment, evenly over the history. */
function samplesOf(plan: HistoryPlan, isWanted: (delivery: PastDelivery) => boolean): Sample[] {
  const history = new History(plan);
  const { environmentId } = plan.webhooks[0]!;
  return Array.from({ length: PLACES }, (_, place) => {
    let n = Math.floor(((place + 0.5) * plan.count) / PLACES);
    let delivery = history.at(n);
    while (delivery.webhook.environmentId !== environmentId || !isWanted(delivery)) {
      n = (n + 1) % plan.count;
      delivery = history.at(n);
    }
    return {
      id: textOfId(delivery.deliveryId),
      eventId: textOfId(delivery.eventId),
      createdAt: new Date(delivery.createdAtMs).toISOString(),
    };
  });
}
