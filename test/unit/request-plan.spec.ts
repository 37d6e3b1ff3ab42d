import { nameOf, type GrownRequest } from '../support/grown-requests.js';
import { planOf } from '../support/request-plan.js';

function request(operation: string, place: string, growth: string, ending = ''): GrownRequest {
  const at: GrownRequest['at'] = () => ({ method: 'GET', path: '/', headers: [], body: null, chunkBytes: null });
  return { operation, place, growth, ending, limitBytes: 1, at };
}

const KNOWN = request('POST /webhook', 'body event_types', 'an array of zeros');
const REQUESTS = [
  ...['POST /environment', 'POST /event', 'POST /webhook'].flatMap((operation) => [
    ...['a', 'b', 'c'].flatMap((growth) => [
      request(operation, 'body', growth),
      request(operation, 'body', growth, ', its last byte missing'),
    ]),
    ...['a', 'b', 'c', 'd'].map((growth) => request(operation, 'query', growth)),
  ]),
  KNOWN,
];

describe('the order in which requests are tried', () => {
  it('begins with the known ones, and then has each way to grow once', () => {
    const { always } = planOf(REQUESTS, 1);
    expect(always[0]).toBe(KNOWN);
    expect(always.map(({ growth }) => growth).sort()).toEqual(['a', 'an array of zeros', 'b', 'c']);
    expect(always.map(({ operation }) => operation)).not.toContain('POST /environment');
  });

  it('has every request once', () => {
    const { always, further } = planOf(REQUESTS, 2);
    const tried = [...always, ...further].map(nameOf);
    expect(tried.sort()).toEqual(REQUESTS.map(nameOf).sort());
  });

  it('lets operations and places take turns', () => {
    const { further } = planOf(REQUESTS, 3);
    const groups = further.map(({ operation, place }) => `${operation} ${place}`);
    expect(new Set(groups.slice(0, 6)).size).toBe(6);
  });

  it('is the same for the same seed, and another for another', () => {
    const names = (seed: number): string[] => planOf(REQUESTS, seed).further.map(nameOf);
    expect(names(4)).toEqual(names(4));
    expect(names(4)).not.toEqual(names(5));
  });
});
