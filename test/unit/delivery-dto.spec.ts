import { DeliveryDetailDto } from '../../src/deliveries/dto/delivery.dto.js';
import type { AttemptRow, DeliveryRow } from '../../src/deliveries/queue/delivery-reads.js';

const KIB = 1_024;

const DELIVERY: DeliveryRow = {
  id: '0198a3f2-6a41-7c0b-8f3d-2e9a7b5c1d04',
  event_id: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  webhook_id: '4a4de828-f4db-4c9e-adfd-434e0864c3c7',
  environment_id: '05daecaf-4365-42e8-8370-8127de5dd717',
  event_type: 'record:created',
  status: 'failed',
  attempt_count: 0,
  next_attempt_at: null,
  held_by: null,
  held_until: null,
  cancel_reason: null,
  created_at: new Date(),
  completed_at: new Date(),
};

function attempt(number: number, request_headers: Record<string, string> = { 'webhook-id': 'x' }): AttemptRow {
  return {
    number,
    started_at: new Date(),
    duration_ms: 1,
    outcome: 'failed',
    error: 'timeout',
    request_url: 'https://example.com/webhook',
    request_headers,
    response_status: null,
    response_headers: null,
    response_body: null,
    response_body_truncated: null,
    dns_ms: null,
    connect_ms: null,
    tls_ms: null,
    first_byte_ms: null,
    stale_connection_ms: null,
  };
}

/** The numbers of the attempts that show the body. */
function shown(attempts: readonly AttemptRow[], body: string | null): number[] {
  const detail = DeliveryDetailDto.withAttempts(DELIVERY, attempts, body);
  const withBody = detail.attempts.filter(({ request }) => request.body !== null);
  expect(withBody.every(({ request }) => request.body === body)).toBe(true);
  return withBody.map(({ number }) => number);
}

const upTo = (count: number): AttemptRow[] => Array.from({ length: count }, (_, index) => attempt(index + 1));

describe('the bodies of the attempts of a delivery', () => {
  it.each<[string, number, number, number[]]>([
    ['all of them while they are small', 1_000, 3, [1, 2, 3]],
    ['all that are 256 KiB together', 64 * KIB, 4, [1, 2, 3, 4]],
    ['the newest, up to 256 KiB together', 64 * KIB, 6, [3, 4, 5, 6]],
    ['as many as are whole', 64 * KIB + 1, 6, [4, 5, 6]],
    ['the newest alone, however large', 8 * KIB * KIB, 3, [3]],
  ])('are %s', (_, length, count, numbers) => {
    expect(shown(upTo(count), 'x'.repeat(length))).toEqual(numbers);
  });

  it('are those of attempts that had something to sign, which alone are counted', () => {
    const attempts = [attempt(1), attempt(2), attempt(3, {}), attempt(4, {})];
    expect(shown(attempts, 'x'.repeat(128 * KIB))).toEqual([1, 2]);
    expect(shown(attempts, 'x'.repeat(256 * KIB))).toEqual([2]);
    // Bytes, not characters.
    expect(shown(attempts, 'é'.repeat(128 * KIB))).toEqual([2]);
    expect(shown([attempt(1, {})], 'x')).toEqual([]);
  });

  it('are null once the payload is gone', () => {
    expect(shown(upTo(2), null)).toEqual([]);
    expect(shown([], 'x')).toEqual([]);
  });
});
