import { type NotSentReason, whyNotSent } from '../../src/events/why-not-sent.js';
import type { WebhookState } from '../../src/webhooks/webhook-revisions.repository.js';

const NOW = Date.parse('2021-08-10T10:00:00.000Z');
const EVENT = { eventType: 'record:created', createdAt: new Date(NOW) };

const ACTIVE = { isActive: true, isDeleted: false, eventTypes: null };
const INACTIVE = { ...ACTIVE, isActive: false };
const DELETED = { ...INACTIVE, isDeleted: true };
const OTHER_TYPES = { ...ACTIVE, eventTypes: ['record:updated', 'record:deleted'] };
const THIS_TYPE = { ...ACTIVE, eventTypes: ['record:updated', 'record:created'] };

/** A state from so many milliseconds after the event on. */
const from = (ms: number, state: Omit<WebhookState, 'changedAt'>): WebhookState => ({
  ...state,
  changedAt: new Date(NOW + ms),
});

describe('why an event was not sent', () => {
  const cases: [story: string, states: WebhookState[], reason: NotSentReason | null][] = [
    ['the webhook was made later', [from(1, ACTIVE)], 'not_yet_created'],
    ['the webhook was inactive', [from(-9, ACTIVE), from(-5, INACTIVE)], 'inactive'],
    ['the webhook was deleted', [from(-9, ACTIVE), from(-5, DELETED)], 'deleted'],
    ['the webhook wanted other types', [from(-9, OTHER_TYPES)], 'not_subscribed'],
    ['the webhook was inactive and wanted other types', [from(-9, { ...OTHER_TYPES, isActive: false })], 'inactive'],
    ['the webhook was made active later', [from(-9, INACTIVE), from(5, ACTIVE)], 'inactive'],
    ['the webhook became inactive at the very instant', [from(-9, ACTIVE), from(0, INACTIVE)], 'inactive'],
    ['it became inactive before the event was matched', [from(-9e6, ACTIVE), from(2, INACTIVE)], 'inactive'],
    [
      'its types were changed before the event was matched',
      [from(-9, THIS_TYPE), from(2, OTHER_TYPES)],
      'not_subscribed',
    ],
    ['it became active when the event was matched already', [from(-9e6, INACTIVE), from(-1, ACTIVE)], 'inactive'],
    ['it was committed when the event was matched already', [from(-1, ACTIVE)], 'not_yet_created'],
    ['nothing: it would have got it, and was not changed', [from(-9e6, THIS_TYPE)], null],
    ['nothing: it would have got it, and was changed much later', [from(-9e6, ACTIVE), from(9e6, DELETED)], null],
  ];

  it.each(cases)('is that %s', (_, states, reason) => {
    expect(whyNotSent(states, EVENT)).toBe(reason);
  });
});
