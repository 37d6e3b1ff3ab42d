import { randomBytes } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { codingFor, encode, varyByCoding } from '../../src/http/content-coding.js';
import { KeptContent } from '../../src/http/kept-content.js';

describe('codingFor', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['identity', null],
    ['deflate', null],
    ['zstd, compress', null],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    [`gzip, ${'a,'.repeat(120)}b`, 'gzip'],
    [`gzip, ${'a,'.repeat(8_000)}b`, null],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, br', 'br'],
    ['br;q=0.5, gzip;q=0.8', 'gzip'],
    ['br;q=0.5, gzip;q=0.5', 'br'],
    ['br;q=0', null],
    ['gzip;q=0', null],
    ['gzip;q=0.000', null],
    ['br;q=0, gzip', 'gzip'],
    ['gzip;q=0, *', 'br'],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['*;q=0', null],
    ['gzip;q=0.2, identity;q=0.9', null],
    ['identity;q=0', null],
    ['identity;q=0, gzip;q=0.1', 'gzip'],
    ['gzip ; q=0.4', 'gzip'],
    [', ,gzip,', 'gzip'],
    ['\u00e4;;;q=,q', null],
  ])('of %s is %s', (header, coding) => {
    expect(codingFor(header)).toBe(coding);
  });
});

describe('encode', () => {
  const texts = { text: Buffer.from('a webhook is sent what happened, '.repeat(5_000)), noise: randomBytes(200_000) };

  it.each(Object.keys(texts))('is undone by what clients have, for %s', async (name) => {
    const content = texts[name as keyof typeof texts];
    for (const isKept of [true, false]) {
      expect(brotliDecompressSync(await encode(content, 'br', { isKept })).equals(content)).toBe(true);
      expect(gunzipSync(await encode(content, 'gzip', { isKept })).equals(content)).toBe(true);
    }
  });
});

describe('varyByCoding', () => {
  it('keeps what there is', () => {
    expect(varyByCoding(undefined)).toBe('Accept-Encoding');
    expect(varyByCoding('Accept')).toBe('Accept, Accept-Encoding');
  });
});

describe('KeptContent', () => {
  const text = 'served to everybody, '.repeat(200);

  it('is coded once for all who ask for it', async () => {
    const kept = new KeptContent(text, true);
    const [one, other] = await Promise.all([kept.as('br'), kept.as('br')]);
    expect(one).toBe(other);
    expect(await kept.as('br')).toBe(one);
    expect(one.content.length).toBeLessThan(text.length / 10);
  });

  it('has a tag for each coding', async () => {
    const kept = new KeptContent(text, true);
    const forms = await Promise.all([kept.as(null), kept.as('br'), kept.as('gzip')]);
    expect(new Set(forms.map(({ etag }) => etag)).size).toBe(3);
    for (const { etag } of forms) expect(etag).toMatch(/^"[\w-]+"$/);
  });

  it('leaves what is small as it is, and what is compressed in itself', async () => {
    expect((await new KeptContent('short', true).as('br')).coding).toBeNull();
    expect((await new KeptContent(text, false).as('br')).coding).toBeNull();
  });
});
