import { TARGET_URL_PATTERN } from '../../src/webhooks/dto/webhook-properties.js';
import fc from 'fast-check';
import { BLOCKED_IPV4_RANGES, BLOCKED_IPV6_RANGES, isAllowedAddress } from '../../src/egress/blocked-ranges.js';
import { checkTargetUrl, TARGET_URL_MAX_LENGTH, targetPolicyOf } from '../../src/egress/target-url-policy.js';
import { addressIn, bitsOf, dotted } from '../support/addresses.js';
import { TARGET_URL_CASES } from '../support/target-url-cases.js';

const PRODUCTION_SETTINGS = {
  egressAllow: [],
  egressAllowHosts: [],
  targetUrlAllowHttp: false,
  targetPorts: [
    { from: 443, to: 443 },
    { from: 1024, to: 65_535 },
  ],
};
const production = targetPolicyOf(PRODUCTION_SETTINGS);
const development = targetPolicyOf({
  egressAllow: ['127.0.0.0/8', '::1/128'],
  egressAllowHosts: ['localhost'],
  targetUrlAllowHttp: true,
  targetPorts: [{ from: 80, to: 80 }, ...PRODUCTION_SETTINGS.targetPorts],
});

/** The rule that a URL breaks, or `ok`. */
const ruleOf = (raw: unknown, policy = production): string => {
  const verdict = checkTargetUrl(raw, policy);
  return verdict.ok ? 'ok' : verdict.rule;
};

describe('the scheme', () => {
  it.each([
    ['http', development, 'must begin with http:// or https:// and a host'],
    ['no http', production, 'must begin with https:// and a host'],
  ])('that is asked for is one that is allowed, with %s', (_, policy, message) => {
    expect(checkTargetUrl('ftp://example.com', policy)).toEqual({ ok: false, rule: 'scheme', message });
  });
});

describe('a host with letters beyond ASCII', () => {
  it.each(['https://b\u00fccher.example.com/', 'https://\u043f\u0440\u0438\u043c\u0435\u0440.example.com/'])(
    'is taken as often as it is asked for: %s',
    (url) => {
      // Node's own check gives another answer once V8 has compiled it, which 20,000 calls make sure of.
      const refusals = Array.from({ length: 20_000 }, () => ruleOf(url)).filter((rule) => rule !== 'ok');
      expect(refusals).toEqual([]);
    },
  );
});

describe('the production policy', () => {
  it.each(
    TARGET_URL_CASES.map((entry) => [entry.verdict, JSON.stringify(entry.url).slice(0, 80), entry.why, entry] as const),
  )('%s: %s, %s', (verdict, _url, _why, { url, resolves_to: answer = [] }) => {
    expect(checkTargetUrl(url, production).ok).toBe(verdict !== 'reject-at-create');
    if (verdict === 'reject-at-create') return;
    const isEveryAddressAllowed = [answer].flat().every((address) => isAllowedAddress(address, production.allowRanges));
    expect(isEveryAddressAllowed).toBe(verdict === 'allow');
  });

  it('takes no URL that the pattern in the document refuses, and the pattern none that no installation takes', () => {
    const pattern = new RegExp(TARGET_URL_PATTERN, 'u');
    const taken = TARGET_URL_CASES.filter(({ url }) => checkTargetUrl(url, production).ok).map(({ url }) => url);
    expect(taken.length).toBeGreaterThan(10);
    expect(taken.filter((url) => !pattern.test(url))).toEqual([]);
    for (const query of ['?a=b', ':8443/?a', '/a/b?c=d&e=f']) expect(`https://example.com${query}`).toMatch(pattern);
    for (const url of [
      'https://example.com/a b',
      'https://example.com/\u00a0',
      'https:\\\\example.com',
      'https:example.com',
      'https:///example.com',
      'wss://example.com',
      'https://example.com/#',
      'https://example.com#a',
      'https://@example.com',
      'https://name:word@example.com/',
      'https://?',
    ]) {
      expect(url).not.toMatch(pattern);
    }
  });

  it.each([
    [undefined, 'string'],
    [null, 'string'],
    [42, 'string'],
    [['https://example.com/'], 'string'],
    [`https://example.com/${'a'.repeat(TARGET_URL_MAX_LENGTH - 19)}`, 'length'],
    ['https://example.com/a b', 'characters'],
    ['https://example.com/\u00a0', 'characters'],
    ['https://example.com/\ud800', 'characters'],
    ['https:\\\\example.com', 'characters'],
    ['https:example.com', 'scheme'],
    ['https:///example.com', 'scheme'],
    ['wss://example.com', 'scheme'],
    ['https://example.com/#', 'fragment'],
    ['https://@example.com', 'credentials'],
    ['https://example%2ecom/', 'percent_encoded_host'],
    ['https://b%C3%BCcher.example.com/', 'percent_encoded_host'],
    ['https://?', 'parsable'],
    ['https://example.com:99999/', 'parsable'],
    ['https://exa^mple.com/', 'parsable'],
    ['https://1.2.3.999/', 'parsable'],
    ['https://example.1/', 'parsable'],
    ['https://[fe80::1%25eth0]/', 'percent_encoded_host'],
    ['http://example.com/', 'https'],
    ['HTTP://example.com/', 'https'],
    ['https://example.com:80/', 'port'],
    ['https://example.com:1023/', 'port'],
    ['https://10.0.0.1/', 'address'],
    ['https://[::1]/', 'address'],
    ['https://example.com./', 'trailing_dot'],
    ['https://a..example.com/', 'host_length'],
    [`https://${'a'.repeat(64)}.example.com/`, 'host_length'],
    [`https://${'a.'.repeat(125)}example.com/`, 'host_length'],
    ['https://my_service.example.com/', 'host_characters'],
    ['https://-a.example.com/', 'host_characters'],
    ['https://intranet/', 'full_name'],
    ['https://localhost/', 'full_name'],
    ['https://app.localhost/', 'reserved_name'],
    ['https://router.home.arpa/', 'reserved_name'],
    ['https://hooks.test/', 'reserved_name'],
    // In Unicode, by the ASCII form.
    ['https://\u24dbocalhost/', 'full_name'],
    ['https://hooks.\uff54est/', 'reserved_name'],
    ['https://b\u00fccher/', 'full_name'],
    ['https://\uff11\uff12\uff17.0.0.1/', 'address'],
    ['https://10\u30020\u30020\u30021/', 'address'],
    ['https://b\u00fccher.example.com\u3002/', 'trailing_dot'],
    [`https://${'\u00fc'.repeat(63)}.example.com/`, 'host_length'],
    ['https://b_\u00fccher.example.com/', 'host_characters'],
    ['https://b\u00fccher.example.com\uff1a80/', 'parsable'],
    ['https://user\uff20b\u00fccher.example.com/', 'parsable'],
    ['https://example.com\uff0fb\u00fccher/', 'parsable'],
    ['https://b\u00fccher\u3000.example.com/', 'parsable'],
    ['https://b\u00fccher\u202e.example.com/', 'parsable'],
    ['https://xn--a.example.com/', 'parsable'],
  ])('refuses %j by the rule %s, and says what to change', (raw, rule) => {
    expect(checkTargetUrl(raw, production)).toEqual({ ok: false, rule, message: expect.stringMatching(/^must /) });
  });

  it.each([
    'https://example.com/webhook',
    'https://example.com',
    'https://example.com?token=a@b',
    'https://example.com/a@b/%20?c=\u00fc',
    'https://hooks.example.com:8443/in',
    `https://${'a'.repeat(63)}.example.com/`,
    `https://${'a.'.repeat(121)}example.com/`,
    `https://example.com/${'a'.repeat(TARGET_URL_MAX_LENGTH - 20)}`,
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]:8443/',
    'https://localhost.example.com/',
    'https://notlocal.example.com/',
    'HTTPS://example.com/',
    'hTTps://EXAMPLE.com/A',
    'https://b\u00fccher.example.com/',
    'https://\u4f8b\u3048.example.com/',
  ])('takes %s', (raw) => {
    expect(checkTargetUrl(raw, production)).toEqual({ ok: true, url: new URL(raw) });
  });
});

it.each([
  ['b\u00fccher.example.com', 'xn--bcher-kva.example.com'],
  ['B\u00dcCHER.Example.com', 'xn--bcher-kva.example.com'],
  ['bu\u0308cher.example.com', 'xn--bcher-kva.example.com'],
  // Transitional processing would make these strasse and xn--fgm.
  ['stra\u00dfe.example.com', 'xn--strae-oqa.example.com'],
  ['\u03c2.example.com', 'xn--3xa.example.com'],
  ['b\u00fccher\u3002example\uff0ecom', 'xn--bcher-kva.example.com'],
  ['loc\u00adal.example.com', 'local.example.com'],
])('a host %s is %s', (host, ascii) => {
  expect(checkTargetUrl(`https://${host}/in`, production)).toEqual({ ok: true, url: new URL(`https://${ascii}/in`) });
});

describe('the development policy', () => {
  it.each([
    'http://localhost:4000/',
    'http://localhost/',
    'http://app.localhost:4000/hook',
    'http://127.0.0.1:4000/',
    'http://[::1]:4000/',
    'https://localhost:8443/',
    'http://example.com/',
  ])('takes %s', (raw) => {
    expect(ruleOf(raw, development)).toBe('ok');
  });

  it.each([
    ['http://localhost./', 'trailing_dot'],
    ['http://notlocalhost/', 'full_name'],
    ['http://localhost:22/', 'port'],
    ['http://10.0.0.1:4000/', 'address'],
    ['http://169.254.169.254/', 'address'],
    ['http://[::ffff:127.0.0.1]:4000/', 'address'],
    ['http://db.internal/', 'reserved_name'],
  ])('still refuses %s', (raw, rule) => {
    expect(ruleOf(raw, development)).toBe(rule);
  });
});

describe('EGRESS_ALLOW_HOSTS', () => {
  const policy = targetPolicyOf({ ...PRODUCTION_SETTINGS, egressAllowHosts: ['svc.cluster.local', 'my_receiver'] });

  it('frees a suffix from the name rules', () => {
    expect(ruleOf('https://my_receiver:8443/', policy)).toBe('ok');
    expect(ruleOf('https://HOOKS.default.svc.cluster.local/', policy)).toBe('ok');
    expect(ruleOf('https://svc.cluster.local/', policy)).toBe('ok');
  });

  it.each<[string, string]>([
    ['hooks.my_receiver', 'ok'],
    ['_dns.my_receiver', 'ok'],
    ['a--b_c.my_receiver', 'ok'],
    ['xn--bcher-kva.my_receiver', 'ok'],
    [`${'a'.repeat(63)}.my_receiver`, 'ok'],
    [`${'a'.repeat(64)}.my_receiver`, 'host_length'],
    [`${'a.'.repeat(122)}my_receiver`, 'host_length'],
    ['a..my_receiver', 'host_length'],
    ['.my_receiver', 'host_length'],
    ['my_receiver.', 'trailing_dot'],
    ['-a.my_receiver', 'host_characters'],
    ['a-.my_receiver', 'host_characters'],
    ...[...'!"$&\'()*+,;=`{}~'].map((odd): [string, string] => [`a${odd}b.my_receiver`, 'host_characters']),
    ['*.my_receiver', 'host_characters'],
    ['$(id).my_receiver', 'host_characters'],
    ['a%2eb.my_receiver', 'percent_encoded_host'],
    ['b\u00fccher.my_receiver', 'ok'],
    ['a b.my_receiver', 'characters'],
    ...[...'<>^|'].map((odd): [string, string] => [`a${odd}b.my_receiver`, 'parsable']),
  ])('keeps the other rules for names: %s is %s', (host, rule) => {
    expect(ruleOf(`https://${host}:8443/`, policy)).toBe(rule);
  });

  it('frees nothing beside it, and from no other rule', () => {
    expect(ruleOf('https://evilsvc.cluster.local/', policy)).toBe('reserved_name');
    expect(ruleOf('http://my_receiver:8443/', policy)).toBe('https');
    expect(ruleOf('https://my_receiver:22/', policy)).toBe('port');
    expect(ruleOf('https://10.0.0.1/', policy)).toBe('address');
  });
});

/** Every way to write the four parts of an IPv4 address that some parser takes for one. */
const hexadecimal = (part: number): string => `0x${part.toString(16)}`;
const octal = (part: number): string => `0${part.toString(8)}`;
const zeroPadded = (part: number): string => `000${part.toString(8)}`;
const partSpelling = fc.constantFrom(String, hexadecimal, octal, zeroPadded);
const fullWidth = (text: string): string =>
  text.replace(/[0-9]/g, (digit) => String.fromCodePoint(digit.codePointAt(0)! + 0xfee0));

function spellingsOf(address: string, parts: readonly ((part: number) => string)[]): string[] {
  const value = bitsOf(address);
  const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
  const [first, second, third, last] = parts as [typeof String, typeof String, typeof String, typeof String];
  const group = (high: number, low: number): string => ((high << 8) | low).toString(16);
  const [hi, lo] = [group(a, b), group(c, d)];
  return [
    address,
    `${address}.`,
    last(value),
    `${first(a)}.${last(value % 2 ** 24)}`,
    `${first(a)}.${second(b)}.${last(value % 2 ** 16)}`,
    `${first(a)}.${second(b)}.${third(c)}.${last(d)}`,
    address.replace('.', '%2e'),
    [...address].map((character) => `%${character.codePointAt(0)!.toString(16)}`).join(''),
    fullWidth(address),
    address.replaceAll('.', '\u3002'),
    `[::ffff:${address}]`,
    `[::${address}]`,
    `[::ffff:0:${address}]`,
    `[64:ff9b::${address}]`,
    `[2002:${hi}:${lo}::1]`,
    `[2001:0:${hi}:${lo}::]`,
  ];
}

describe('every spelling', () => {
  it.each(BLOCKED_IPV4_RANGES)('of an address in $cidr is refused', ({ cidr }) => {
    fc.assert(
      fc.property(addressIn(cidr), fc.array(partSpelling, { minLength: 4, maxLength: 4 }), (address, parts) => {
        for (const host of spellingsOf(address, parts)) {
          expect({ host, isAccepted: checkTargetUrl(`https://${host}/`, production).ok }).toEqual({
            host,
            isAccepted: false,
          });
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each(BLOCKED_IPV6_RANGES)('of an address in $cidr is refused', ({ cidr }) => {
    fc.assert(
      fc.property(addressIn(cidr), (address) => {
        const compressed = new URL(`https://[${address}]/`).hostname;
        for (const host of [`[${address}]`, `[${address.toUpperCase()}]`, compressed]) {
          expect(ruleOf(`https://${host}/`)).toBe('address');
        }
      }),
      { numRuns: 40 },
    );
  });

  it('of a public IPv4 address gets the verdict of its dotted form', () => {
    const address = fc.nat({ max: 0xffffffff }).map(dotted);
    fc.assert(
      fc.property(address, fc.array(partSpelling, { minLength: 4, maxLength: 4 }), (dottedForm, parts) => {
        const mixed = dottedForm.split('.').map((part, index) => parts[index]!(Number(part)));
        expect(ruleOf(`https://${mixed.join('.')}/`)).toBe(ruleOf(`https://${dottedForm}/`));
      }),
    );
  });
});

describe('an accepted URL', () => {
  it('is accepted again as the parser writes it', () => {
    const url = fc.webUrl({ validSchemes: ['https', 'http'], withQueryParameters: true });
    const anyUrl = fc.oneof(
      url,
      fc.string().map((tail) => `https://example.com/${tail}`),
      fc.string({ unit: 'binary' }).map((host) => `https://${host}/`),
    );
    fc.assert(
      fc.property(anyUrl, fc.constantFrom(production, development), (raw, policy) => {
        const verdict = checkTargetUrl(raw, policy);
        fc.pre(verdict.ok);
        expect(checkTargetUrl(verdict.url.href, policy)).toEqual({ ok: true, url: verdict.url });
      }),
    );
  });
});

it('never throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything(),
        fc.string({ unit: 'binary' }),
        fc.string().map((text) => `https://${text}`),
      ),
      (raw) => {
        checkTargetUrl(raw, production);
      },
    ),
  );
});

it('EGRESS_ALLOW opens addresses as targets, however they are written', () => {
  const policy = targetPolicyOf({ ...PRODUCTION_SETTINGS, egressAllow: ['10.0.0.0/8'] });
  expect(ruleOf('https://10.1.2.3/', policy)).toBe('ok');
  expect(ruleOf('https://0xa010203/', policy)).toBe('ok');
  expect(ruleOf('https://192.168.0.1/', policy)).toBe('address');
});
