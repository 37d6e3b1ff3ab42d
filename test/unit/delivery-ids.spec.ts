import { timeOf, uuidV7 } from '../../src/common/uuid-v7.js';
import { deliveryIdFor, deliveryIdsOf } from '../../src/deliveries/delivery-ids.js';

const VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const AT = 1_645_557_742_000;

describe("the ids of an event's deliveries", () => {
  it('are of version 7 and tell the time of the event', () => {
    for (const at of [0, AT, 2 ** 48 - 1]) {
      const id = deliveryIdFor(uuidV7(at));
      expect(id).toMatch(VERSION_7);
      expect(timeOf(id)).toBe(at);
    }
  });

  it('differ from each other and from that of the event', () => {
    const eventId = uuidV7(AT);
    const ids = [eventId, ...Array.from({ length: 2_000 }, () => deliveryIdFor(eventId))];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lie in the range by which they are found', () => {
    const eventId = uuidV7(AT);
    const [first, last] = deliveryIdsOf(eventId);
    const ids = Array.from({ length: 2_000 }, () => deliveryIdFor(eventId));
    expect(ids.filter((id) => id < first || id > last)).toEqual([]);
  });

  it('sort as the events do, also those of events of one instant, whose ranges have nothing in common', () => {
    const events = [AT + 1_000, AT + 1_001, AT + 1_001, AT + 1_001, AT + 2_000].map((at) => uuidV7(at));
    const ids = events.flatMap((eventId) => [deliveryIdFor(eventId), deliveryIdFor(eventId)].sort());
    expect([...ids].sort()).toEqual(ids);
    const bounds = events.flatMap((eventId) => deliveryIdsOf(eventId));
    expect([...bounds].sort()).toEqual(bounds);
    expect(new Set(bounds).size).toBe(bounds.length);
  });

  it('are looked for among all that begin as the id of the event does', () => {
    const [first, last] = deliveryIdsOf('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
    expect([first, last]).toEqual(['017f22e2-79b0-7cc3-0000-000000000000', '017f22e2-79b0-7cc3-ffff-ffffffffffff']);
  });
});
