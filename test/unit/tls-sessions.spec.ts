import { TlsSessions, usableUntil, withoutCertificate } from '../../src/egress/tls-sessions.js';

const HOUR_MS = 3_600_000;
const session = (name: string, until = HOUR_MS) => ({ data: Buffer.from(name), usableUntil: until });
const taken = (sessions: TlsSessions, now = 0, host = 'a:443'): string | undefined =>
  sessions.take(host, now)?.data.toString();

describe('sessions of TLS', () => {
  it('are given once each, the oldest first, and the last again and again', () => {
    const sessions = new TlsSessions();
    sessions.keep('a:443', session('one'), 0);
    sessions.keep('a:443', session('two'), 0);
    expect([taken(sessions), taken(sessions), taken(sessions)]).toEqual(['one', 'two', 'two']);
  });

  it('are the two newest of a host', () => {
    const sessions = new TlsSessions();
    for (const name of ['one', 'two', 'three']) sessions.keep('a:443', session(name), 0);
    expect([taken(sessions), taken(sessions)]).toEqual(['two', 'three']);
  });

  it('belong to one host and port', () => {
    const sessions = new TlsSessions();
    sessions.keep('a:443', session('one'), 0);
    expect([taken(sessions, 0, 'a:444'), taken(sessions, 0, 'b:443')]).toEqual([undefined, undefined]);
  });

  it('are not given when their time is over, nor kept', () => {
    const sessions = new TlsSessions();
    sessions.keep('a:443', session('one', 1_000), 0);
    sessions.keep('a:443', session('two', 2_000), 0);
    expect(taken(sessions, 1_000)).toBe('two');
    expect(taken(sessions, 2_000)).toBeUndefined();
    sessions.keep('b:443', session('three', 2_000), 2_000);
    expect(taken(sessions, 0, 'b:443')).toBeUndefined();
  });

  it('are forgotten together', () => {
    const sessions = new TlsSessions();
    sessions.keep('a:443', session('one'), 0);
    sessions.keep('a:443', session('two'), 0);
    sessions.forget('a:443', 0);
    expect(taken(sessions)).toBeUndefined();
    sessions.keep('a:443', session('three'), 0);
    expect(taken(sessions)).toBe('three');
  });

  it('are neither given nor kept for ten minutes after a failure', () => {
    const sessions = new TlsSessions();
    sessions.keep('a:443', session('one'), 0);
    sessions.avoid('a:443', 0);
    sessions.keep('a:443', session('two'), 599_999);
    expect(taken(sessions, 599_999)).toBeUndefined();
    sessions.keep('a:443', session('three'), 600_000);
    expect(taken(sessions, 600_000)).toBe('three');
  });

  it('that are forgotten meanwhile end none of these ten minutes', () => {
    const sessions = new TlsSessions();
    sessions.keep('a:443', session('one'), 0);
    sessions.avoid('a:443', 0);
    // A connection that was opened before the failure, and whose session was refused.
    sessions.forget('a:443', 1);
    sessions.keep('a:443', session('two'), 599_999);
    expect(taken(sessions, 599_999)).toBeUndefined();
    sessions.forget('a:443', 600_000);
    expect(sessions.hostCount).toBe(0);
  });

  it('are bounded in hosts and in bytes, and the longest unused go', () => {
    const sessions = new TlsSessions();
    for (let host = 0; host < 20_000; host += 1) {
      const data = Buffer.alloc(1_000);
      sessions.keep(`host-${host}:443`, { data, usableUntil: HOUR_MS }, 0);
      sessions.keep(`host-${host}:443`, { data, usableUntil: HOUR_MS }, 0);
      expect(taken(sessions, 0, 'host-0:443')).toBeDefined();
    }
    expect(sessions.hostCount).toBe(10_000);
    expect(sessions.bytes).toBeLessThanOrEqual(33_554_432);
    expect(taken(sessions, 0, 'host-1:443')).toBeUndefined();
    expect(taken(sessions, 0, 'host-19999:443')).toBeDefined();

    for (let host = 0; host < 10_000; host += 1) {
      sessions.keep(`large-${host}:443`, { data: Buffer.allocUnsafe(16_384), usableUntil: HOUR_MS }, 0);
    }
    expect(sessions.bytes).toBeLessThanOrEqual(33_554_432);
    expect(sessions.hostCount).toBeLessThan(2_100);
  });

  it('are not kept when they are larger than any should be', () => {
    const sessions = new TlsSessions();
    sessions.keep('a:443', { data: Buffer.alloc(16_385), usableUntil: HOUR_MS }, 0);
    expect(sessions.take('a:443', 0)).toBeNull();
  });
});

describe('the time in which a session may be used', () => {
  const now = Date.parse('2026-12-01T12:00:00Z');

  it.each([
    ['Dec 31 12:00:00 2026 GMT', HOUR_MS],
    ['Dec  1 12:00:30 2026 GMT', 30_000],
    ['Dec  1 11:59:00 2026 GMT', -60_000],
    ['not a date', 0],
  ])('is an hour, or until the certificate expires: %s', (valid_to, expectedMs) => {
    expect(usableUntil({ valid_to }, now, 5_000)).toBe(5_000 + expectedMs);
  });
});

describe('a session without its certificate', () => {
  const der = (hex: string): Buffer => Buffer.from(hex, 'hex');

  it('has everything else', () => {
    // SEQUENCE { INTEGER 1, [1] { INTEGER 5 }, [3] { 3 bytes }, [4] { OCTET STRING } }
    expect(withoutCertificate(der('3011020101a103020105a303aabbcca4020400'))).toEqual(
      der('3082000c020101a103020105a4020400'),
    );
  });

  it.each(['', '30', '3005020101', '0203010203', '300302ff01', '3003020101ff', '3084ffffffff'])(
    'stays as it is when it cannot be read: "%s"',
    (hex) => {
      expect(withoutCertificate(der(hex))).toEqual(der(hex));
    },
  );
});
