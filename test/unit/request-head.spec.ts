import type { IncomingMessage } from 'node:http';
import { faultOfHead } from '../../src/http/request-head.js';
import { isQueryOverfull, targetOf } from '../../src/http/request-target.js';

const MAX_HEADERS = 5;

/** As Node hands a request over: the first of some headers in `headers`, all of them in `rawHeaders`. */
function fault(lines: string[], { httpVersion = '1.1', url = '/' } = {}) {
  const rawHeaders = lines.flatMap((line) => line.split(/: ?(.*)/, 2));
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) headers[rawHeaders[at]!.toLowerCase()] ??= rawHeaders[at + 1]!;
  return faultOfHead({ httpVersion, headers, rawHeaders, url }, MAX_HEADERS);
}

describe('A request head', () => {
  it.each([
    'x',
    'example.com',
    'example.com:8080',
    'a_b',
    '127.0.0.1:80',
    '[::1]:3000',
    '[fe80::1%25eth0]',
    '',
    'x:',
    "a!$&'()*+,;=b",
  ])('may name the host %j', (host) => {
    expect(fault([`Host: ${host}`])).toBeNull();
  });

  it.each(['a b', 'a, b', 'a/b', 'user@a', 'a:b', 'a:80:80', '[::1', 'a?b', 'a#b', 'ä', 'a\\b', '"a"'])(
    'may not name the host %j',
    (host) => {
      expect(fault([`Host: ${host}`])).toMatchObject({ code: 'MALFORMED_REQUEST', headers: { Connection: 'close' } });
    },
  );

  it('needs a host, except in HTTP/1.0, and other versions are not spoken', () => {
    expect(fault([])?.code).toBe('MALFORMED_REQUEST');
    expect(fault([], { httpVersion: '1.0' })).toBeNull();
    for (const httpVersion of ['0.9', '2.0'])
      expect(fault(['Host: x'], { httpVersion })?.code).toBe('MALFORMED_REQUEST');
  });

  it.each([
    'Authorization',
    'Content-Encoding',
    'Content-Type',
    'Expect',
    'Host',
    'Idempotency-Key',
    'Transfer-Encoding',
  ])('may not give %s twice, in whatever case and with whatever value', (name) => {
    const lines = name === 'Host' ? [] : ['Host: x'];
    const refused = fault([...lines, `${name}: chunked`, `${name.toUpperCase()}: chunked`]);
    expect(refused).toMatchObject({ code: 'MALFORMED_REQUEST', headers: { Connection: 'close' } });
    expect(refused!.message).toContain(name.toUpperCase());
  });

  it('may give lists and what nobody reads more than once', () => {
    expect(fault(['Host: x', 'X-Forwarded-For: 10.0.0.1', 'X-Forwarded-For: 10.0.0.2', 'X-A: 1', 'X-A: 2'])).toBeNull();
  });

  it('may be chunked, in HTTP/1.1, and nothing else', () => {
    for (const coding of ['chunked', 'Chunked ']) expect(fault(['Host: x', `Transfer-Encoding: ${coding}`])).toBeNull();
    for (const coding of ['gzip, chunked', 'identity', 'chunked, chunked', '']) {
      expect(fault(['Host: x', `Transfer-Encoding: ${coding}`])?.code).toBe('MALFORMED_REQUEST');
    }
    expect(fault(['Transfer-Encoding: chunked'], { httpVersion: '1.0' })).toMatchObject({
      code: 'MALFORMED_REQUEST',
      headers: { Connection: 'close' },
    });
  });

  it('has no fragment', () => {
    expect(fault(['Host: x'], { url: '/me#x' })?.code).toBe('MALFORMED_REQUEST');
  });

  it('has as many headers as are allowed, and no more', () => {
    const lines = ['Host: x', ...Array.from({ length: MAX_HEADERS - 1 }, (_, index) => `X-${index}: 1`)];
    expect(fault(lines)).toBeNull();
    expect(fault([...lines, 'X: 1'])).toMatchObject({ code: 'HEADERS_TOO_LARGE', headers: { Connection: 'close' } });
  });
});

describe('A request target', () => {
  const isPath = (path: string): boolean => path === '/docs/';
  const target = (url: string, maxQueryParameters = 3): string =>
    targetOf({ url } as IncomingMessage, { maxQueryParameters, isPath });

  it.each([
    ['/me?a=1', '/me?a=1'],
    ['//me', '/me'],
    ['/%zz?x=%zz', '/%25zz?x=%zz'],
    ['http://example.com/me?a=1', '/me?a=1'],
    ['HTTPS://example.com:8443//me', '/me'],
    ['http://example.com', '/'],
    ['http://example.com?a=1', '/?a=1'],
    ['ftp://example.com/me', 'ftp://example.com/me'],
    ['*', '*'],
    ['/', '/'],
    ['/webhook/', '/webhook'],
    ['//webhook/7/?a=1', '/webhook/7?a=1'],
    ['/webhook?a=/', '/webhook?a=/'],
    ['/webhook//', '/webhook/'],
    ['/docs/?a=1', '/docs/?a=1'],
  ])('%s stands for %s', (url, expected) => {
    expect(target(url)).toBe(expected);
  });

  it('loses a query with too many parameters, and is known for it', () => {
    const isOverfull = (url: string): boolean => {
      const request = { url } as IncomingMessage;
      const path = targetOf(request, { maxQueryParameters: 3, isPath });
      expect(path).toBe(isQueryOverfull(request) ? '/me' : url);
      return isQueryOverfull(request);
    };
    for (const url of ['/me', '/me?', '/me?a', '/me?a&b&c', '/me?a=1&b=2&c=?']) expect(isOverfull(url)).toBe(false);
    for (const url of ['/me?a&b&c&d', '/me?&&&', `/me?${'&'.repeat(8_000)}`]) expect(isOverfull(url)).toBe(true);
  });
});
