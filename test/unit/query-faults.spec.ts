import { nearestName } from '../../src/http/nearest-name.js';
import { faultsOfQuery } from '../../src/http/query-faults.js';

const NAMES = [
  'limit',
  'next_cursor',
  'webhook_id',
  'event_id',
  'event_type',
  'status',
  'response_status',
  'created_after',
  'created_before',
  'created_at[gt]',
];

describe('the nearest name', () => {
  it.each([
    ['webhook', 'webhook_id'],
    ['webhookId', 'webhook_id'],
    ['webhook-id', 'webhook_id'],
    ['statuss', 'status'],
    ['stauts', 'status'],
    ['STATUS', 'status'],
    ['cursor', 'next_cursor'],
    ['eventtype', 'event_type'],
    ['limits', 'limit'],
  ])('to %s is %s', (given, name) => {
    expect(nearestName(given, NAMES)).toBe(name);
  });

  it.each(['surprise', 'x', '', '_', '__proto__', 'id', 's'.repeat(65), 'ü'])('to %j is none', (given) => {
    expect(nearestName(given, NAMES)).toBeNull();
  });
});

describe('what is wrong with the names in a query', () => {
  const parameters = new Map(NAMES.map((name) => [name, { takesSeveral: name === 'status' }]));
  const faults = (query: Record<string, unknown>, isRead = true): string[] =>
    faultsOfQuery(query, { parameters, isRead }).map(({ field, message }) => `${field}: ${message}`);

  it('is nothing where each is known', () => {
    expect(faults({ status: ['failed', 'canceled'], 'created_at[gt]': '2021', environment_id: 'x', '': '' })).toEqual(
      [],
    );
  });

  it('is a name that is not known, with the one that was probably meant', () => {
    expect(faults({ webhook: 'x', 'status[in]': 'x', 'created_at[lt]': 'x', surprise: 'x' })).toEqual([
      'webhook: is not a known query parameter; did you mean webhook_id?',
      'status[in]: is not a known query parameter; did you mean status?',
      'created_at[lt]: is not a known query parameter; did you mean created_after?',
      'surprise: is not a known query parameter',
    ]);
  });

  it('is one that is given twice, unless it takes several', () => {
    expect(faults({ limit: ['1', '1'], environment_id: ['a', 'b'] })).toEqual([
      'limit: must be given once',
      'environment_id: must be given once',
    ]);
  });

  it('is not what generic clients send to each list, where there are no pages', () => {
    const query = { limit: '10', next_cursor: '' };
    const none = new Map<string, never>();
    expect(faultsOfQuery(query, { parameters: none, isRead: true })).toEqual([]);
    expect(faultsOfQuery({ next_cursor: 'x' }, { parameters: none, isRead: true })).toHaveLength(1);
    expect(faultsOfQuery(query, { parameters: none, isRead: false })).toHaveLength(2);
  });
});
