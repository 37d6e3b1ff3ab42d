import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import {
  unwrap,
  type VerifyOptions,
  verifyWebhook,
  type WebhookHeaders,
  WebhookVerificationError,
} from '../../clients/typescript/src/verify-webhook.js';
import { signedHeaders } from '../../src/deliveries/sending/outgoing-request.js';
import { standardSignature } from '../../src/deliveries/sending/signer.js';

const SECRET = 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff';
const OTHER = '6e17561c-a20c-44ce-b8b5-caff0bf786fe';
const ID = '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61';
const SENT_AT_SECONDS = 1_700_000_000;
const NOW = new Date(SENT_AT_SECONDS * 1_000);
const BODY =
  `{"id":"${ID}","event":"record:created","payload":{"name":"é😀"},` +
  '"environment_id":"05daecaf-4365-42e8-8370-8127de5dd717","created_at":"2021-08-10T10:00:00.000Z",' +
  '"webhook_id":"4a4de828-f4db-4c9e-adfd-434e0864c3c7"}';

interface Signed {
  secrets?: string[];
  body?: string;
  encoding?: 'base64' | 'hex';
}

/** What the service sends. */
function signed({ secrets = [SECRET], body = BODY, encoding = 'base64' }: Signed = {}): Record<string, string> {
  return signedHeaders(Buffer.from(body), ID, secrets, NOW, {
    userAgent: 'Tidings/0',
    signatureHeader: 'X-Webhook-Signature',
    signatureEncoding: encoding,
  });
}

/** `undefined` when it was accepted. */
function refusal(
  headers: WebhookHeaders,
  { body = BODY, secret = SECRET, ...options }: { body?: string; secret?: string | string[] } & VerifyOptions = {},
): string | undefined {
  try {
    verifyWebhook(headers, body, secret, { now: NOW, ...options });
    return undefined;
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    return error.reason;
  }
}

describe('the Standard Webhooks signature', () => {
  it('is accepted as the service makes it, over text and over bytes', () => {
    expect(refusal(signed())).toBeUndefined();
    expect(() => verifyWebhook(signed(), Buffer.from(BODY), SECRET, { now: NOW })).not.toThrow();
    expect(() => verifyWebhook(signed(), new TextEncoder().encode(BODY), SECRET, { now: NOW })).not.toThrow();
  });

  it('is accepted as the Standard Webhooks library makes it, and the other way round', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.uuid(), fc.uuid(), (body, id, secret) => {
        const library = new Webhook(`whsec_${Buffer.from(secret).toString('base64')}`);
        const now = new Date();
        const headers = {
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': library.sign(id, now, body),
        };
        verifyWebhook(headers, body, secret);
        const ours = standardSignature([secret], id, Number(headers['webhook-timestamp']), Buffer.from(body));
        library.verify(body, { ...headers, 'webhook-signature': ours }, { jsonParse: false });
        expect(ours).toBe(headers['webhook-signature']);
      }),
    );
  });

  it("accepts the example of the service's OpenAPI document", () => {
    const body =
      `{"id":"${ID}","event":"test","payload":{"foo":"bar"},"environment_id":"05daecaf-4365-42e8-8370-8127de5dd717",` +
      '"created_at":"2021-08-10T10:00:00.000Z","webhook_id":"4a4de828-f4db-4c9e-adfd-434e0864c3c7"}';
    const headers = {
      'webhook-id': ID,
      'webhook-timestamp': '1628589600',
      'webhook-signature': 'v1,f/YBvk2Gox7Ht+cRZFiHDq5dJ7As1HQNjedtvCLGx8U=',
      'X-Webhook-Signature': 'format=sha256,v=GpRzU//GpAOU51Q5OlWhuLRbJmHexRjlRv667ftDX9U=',
    };
    expect(refusal(headers, { body, now: new Date('2021-08-10T10:00:00.000Z') })).toBeUndefined();
    expect(refusal(headers, { body, signature: 'body' })).toBeUndefined();
  });

  it.each<[string, WebhookHeaders]>([
    ['a Headers object', new Headers(signed())],
    ['names in capitals', Object.fromEntries(Object.entries(signed()).map(([k, v]) => [k.toUpperCase(), v]))],
    ['arrays of one', Object.fromEntries(Object.entries(signed()).map(([k, v]) => [k, [v]]))],
    ['others that are undefined', { ...signed(), cookie: undefined }],
  ])('is found in %s', (_, headers) => {
    expect(refusal(headers)).toBeUndefined();
  });

  it('is accepted by either secret while a rotation overlaps, on both sides', () => {
    const both = signed({ secrets: [OTHER, SECRET] });
    expect(refusal(both, { secret: SECRET })).toBeUndefined();
    expect(refusal(both, { secret: OTHER })).toBeUndefined();
    expect(refusal(signed(), { secret: [OTHER, SECRET] })).toBeUndefined();
    expect(refusal(signed(), { secret: [OTHER] })).toBe('signature_mismatch');
  });

  it.each<[string, Partial<Record<string, string>>, string | undefined, string]>([
    ['another body', {}, `${BODY} `, 'signature_mismatch'],
    ['another id', { 'webhook-id': '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a62' }, undefined, 'signature_mismatch'],
    ['another time', { 'webhook-timestamp': String(SENT_AT_SECONDS + 1) }, undefined, 'signature_mismatch'],
    // The same number, but not the text that was signed.
    ['another spelling of the time', { 'webhook-timestamp': `0${SENT_AT_SECONDS}` }, undefined, 'signature_mismatch'],
  ])('is refused over %s', (_, changed, body, reason) => {
    expect(refusal({ ...signed(), ...changed }, { body })).toBe(reason);
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('needs %s, whatever else is there', (name) => {
    const { [name]: _, ...rest } = signed();
    expect(refusal(rest)).toBe('missing_header');
    expect(refusal({ ...rest, [name]: '' })).toBe('missing_header');
    expect(refusal({ ...rest, [name]: [] })).toBe('missing_header');
  });

  it('cannot be evaded with the body signature alone, which has no time', () => {
    const { 'x-webhook-signature': bodySignature } = signed();
    const stripped = { 'x-webhook-signature': bodySignature };
    expect(refusal(stripped)).toBe('missing_header');
    expect(refusal(stripped, { signature: 'body' })).toBeUndefined();
  });

  it('cannot be made of a body signature: a body cut at its dots is no id, time and body', () => {
    const body = `{"id":"1.${SENT_AT_SECONDS}.2"}`;
    const [id, timestamp, rest] = body.split('.');
    const digest = signed({ body })['x-webhook-signature']!.replace('format=sha256,v=', '');
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${digest}` };
    expect(standardSignature([SECRET], id!, Number(timestamp), Buffer.from(rest!))).toBe(`v1,${digest}`);
    expect(refusal(headers, { body: rest })).toBe('invalid_header');
  });

  it.each([
    ['webhook-id', '{"id":"1'],
    ['webhook-id', 'a,b'],
    ['webhook-id', 'a.b'],
    ['webhook-id', 'a b'],
    ['webhook-id', 'é'],
    ['webhook-id', 'a'.repeat(256)],
    ['webhook-timestamp', '-1'],
    ['webhook-timestamp', '1e9'],
    ['webhook-timestamp', `${SENT_AT_SECONDS}.0`],
    ['webhook-timestamp', ` ${SENT_AT_SECONDS}`],
    ['webhook-timestamp', '1'.repeat(13)],
    ['webhook-signature', 'v1,'.padEnd(1_025, 'A')],
    ['webhook-signature', Array.from({ length: 17 }, () => 'v1,A').join(' ')],
    ['webhook-signature', `${signed()['webhook-signature']},${signed()['webhook-signature']}`],
  ])('refuses %s: %s as malformed', (name, value) => {
    expect(refusal({ ...signed(), [name]: value })).toBe('invalid_header');
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('refuses %s given twice', (name) => {
    const value = signed()[name]!;
    expect(refusal({ ...signed(), [name]: [value, value] })).toBe('invalid_header');
    expect(refusal({ ...signed(), [name.toUpperCase()]: value })).toBe('invalid_header');
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'refuses %s given twice in a Headers object, which joins them',
    (name) => {
      const headers = new Headers(signed());
      headers.append(name, signed()[name]!);
      expect(refusal(headers)).toBe('invalid_header');
    },
  );

  const right = signed()['webhook-signature']!;
  it.each([
    ['another version', right.replace('v1,', 'v2,')],
    ['the asymmetric version', right.replace('v1,', 'v1a,')],
    ['no version', right.slice(3)],
    ['a version alone', 'v1,'],
    ['one character less', right.slice(0, -1)],
    ['one character more', `${right}=`],
    ['what is not base64', `v1,${'*'.repeat(44)}`],
    ['the digits of the digest', `v1,${Buffer.from(right.slice(3), 'base64').toString('hex')}`],
    ['capitals', right.toUpperCase()],
  ])('is refused with %s', (_, value) => {
    expect(refusal({ ...signed(), 'webhook-signature': value })).toBe('signature_mismatch');
  });

  it('is found among those of other versions', () => {
    const value = `v1a,${'A'.repeat(86)}== v2,x v1,${'A'.repeat(43)}= ${right}`;
    expect(refusal({ ...signed(), 'webhook-signature': value })).toBeUndefined();
  });
});

describe('the tolerance', () => {
  const at = (seconds: number): Date => new Date((SENT_AT_SECONDS + seconds) * 1_000);

  it.each([
    [300, undefined],
    [300.999, undefined],
    [301, 'timestamp_too_old'],
    [-300, undefined],
    [-301, 'timestamp_too_new'],
  ])('is 300 s on both sides: %d s after the attempt', (seconds, reason) => {
    expect(refusal(signed(), { now: at(seconds) })).toBe(reason);
  });

  it('can be set, to 0 also', () => {
    expect(refusal(signed(), { now: at(11), toleranceSeconds: 10 })).toBe('timestamp_too_old');
    expect(refusal(signed(), { now: at(3_600), toleranceSeconds: 3_600 })).toBeUndefined();
    expect(refusal(signed(), { now: at(0), toleranceSeconds: 0 })).toBeUndefined();
    expect(refusal(signed(), { now: at(1), toleranceSeconds: 0 })).toBe('timestamp_too_old');
  });

  it('is that of the clock when no time is given', () => {
    expect(() => verifyWebhook(signed(), BODY, SECRET)).toThrow(
      expect.objectContaining({ reason: 'timestamp_too_old' }),
    );
  });

  it('lets nothing pass with a time that is none, and demands a tolerance that is one', () => {
    expect(refusal(signed(), { now: new Date(NaN) })).toBe('timestamp_too_old');
    expect(() => refusal(signed(), { toleranceSeconds: NaN })).toThrow(TypeError);
    expect(() => refusal(signed(), { toleranceSeconds: -1 })).toThrow(TypeError);
  });
});

describe('the body signature', () => {
  it.each(['base64', 'hex'] as const)('is accepted in %s, when asked for', (encoding) => {
    expect(refusal(signed({ encoding }), { signature: 'body' })).toBeUndefined();
  });

  it('is accepted in hexadecimal digits of either case', () => {
    const hex = createHmac('sha256', SECRET).update(BODY).digest('hex').toUpperCase();
    expect(refusal({ 'x-webhook-signature': `format=sha256,v=${hex}` }, { signature: 'body' })).toBeUndefined();
  });

  it('has the header that is named', () => {
    const value = signed()['x-webhook-signature'];
    const options = { signature: 'body', signatureHeader: 'X-Other-Signature' } as const;
    expect(refusal({ 'x-other-signature': value }, options)).toBeUndefined();
    expect(refusal({ 'x-webhook-signature': value }, options)).toBe('missing_header');
  });

  it('is by the oldest secret during a rotation: a receiver that has both accepts it', () => {
    const headers = signed({ secrets: [OTHER, SECRET] });
    expect(refusal(headers, { signature: 'body', secret: [OTHER, SECRET] })).toBeUndefined();
    expect(refusal(headers, { signature: 'body', secret: OTHER })).toBe('signature_mismatch');
  });

  it('cannot be made of a standard signature: what that covers is no body', () => {
    const digest = signed()['webhook-signature']!.replace('v1,', '');
    const headers = { 'x-webhook-signature': `format=sha256,v=${digest}` };
    const body = `${ID}.${SENT_AT_SECONDS}.${BODY}`;
    expect(signed({ body })).toMatchObject(headers);
    expect(refusal(headers, { signature: 'body', body })).toBe('signature_mismatch');
    const bytes = Buffer.from(body);
    expect(() => verifyWebhook(headers, bytes, SECRET, { signature: 'body' })).toThrow(WebhookVerificationError);
    expect(() => verifyWebhook(signed(), Buffer.from(BODY), SECRET, { signature: 'body' })).not.toThrow();
  });

  it('is refused over another body, and with another secret', () => {
    expect(refusal(signed(), { signature: 'body', body: `${BODY} ` })).toBe('signature_mismatch');
    expect(refusal(signed(), { signature: 'body', secret: OTHER })).toBe('signature_mismatch');
  });

  const right = signed()['x-webhook-signature']!;
  it.each([
    ['no format', right.replace('format=sha256,', '')],
    ['another format', right.replace('sha256', 'sha1')],
    ['no digest', 'format=sha256,v='],
    ['a digest that is too short', right.slice(0, -2)],
    ['a digest that is too long', `${right}A`],
    ['what is not base64', `format=sha256,v=${'*'.repeat(43)}=`],
    ['base64 for URLs', `format=sha256,v=${'-'.repeat(43)}=`],
    ['two', `${right} ${right}`],
  ])('is malformed with %s', (_, value) => {
    expect(refusal({ 'x-webhook-signature': value }, { signature: 'body' })).toBe('invalid_header');
  });
});

describe('the mistake of a refusal', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const WEBHOOK_ID = '4a4de828-f4db-4c9e-adfd-434e0864c3c7';
  const SIGNED_IN_BOTH_WAYS = (['standard', 'body'] as const).flatMap((signature) =>
    (['base64', 'hex'] as const).map((encoding) => ({ signature, encoding })),
  );

  /** What is said about a request that Tidings has made, in each of the ways to verify it. */
  function mistake(
    secret: string | string[],
    { body = BODY, arrived = body, webhookId }: { body?: string; arrived?: string; webhookId?: string } = {},
  ): string | undefined {
    const found = SIGNED_IN_BOTH_WAYS.map(({ signature, encoding }) => {
      const headers = signed({ body, encoding });
      try {
        verifyWebhook(headers, Buffer.from(arrived), secret, { now: NOW, signature, webhookId });
        return undefined;
      } catch (error) {
        if (!(error instanceof WebhookVerificationError)) throw error;
        expect(error.message).not.toContain(SECRET);
        return error.mistake;
      }
    });
    expect(new Set(found).size).toBe(1);
    return found[0];
  }

  it.each([
    ['secret_not_trimmed', `${SECRET}\n`],
    ['secret_not_trimmed', ` "${SECRET}"`],
    ['secret_prefixed', `whsec_${SECRET}`],
    ['secret_prefixed', `'whsec_${SECRET}'`],
    ['secret_encoded', base64(SECRET)],
    ['secret_encoded', `whsec_${base64(SECRET)}`],
    ['secret_encoded_twice', base64(base64(SECRET))],
    ['secret_encoded_twice', `whsec_${base64(`whsec_${base64(SECRET)}`)}`],
    ['other_secret', OTHER],
    ['other_secret', base64(OTHER)],
  ])('is %s with %j', (expected, secret) => {
    expect(mistake(secret)).toBe(expected);
    expect(mistake([OTHER, secret])).toBe(expected);
  });

  it('is told apart with the id of the webhook', () => {
    expect(mistake(OTHER, { webhookId: WEBHOOK_ID })).toBe('secret_replaced');
    expect(mistake(OTHER, { webhookId: ID })).toBe('secret_of_another_webhook');
    expect(mistake(`whsec_${SECRET}`, { webhookId: ID })).toBe('secret_prefixed');
  });

  const rewritten = JSON.parse(BODY) as object;
  it.each([
    ['with spaces', JSON.stringify(rewritten, undefined, 1)],
    ['as Python does', BODY.replaceAll(/([:,])(?=["{])/g, '$1 ')],
    ['with its members in another order', JSON.stringify(Object.fromEntries(Object.entries(rewritten).reverse()))],
    ['by somebody else', '{"foo":"bar"}'],
    ['with something behind it', `${BODY}\n`],
    ['cut', BODY.slice(0, -1)],
  ])('is body_rewritten where it was written %s', (_, arrived) => {
    expect(mistake(SECRET, { arrived })).toBe('body_rewritten');
  });

  it('is none of a request that is right, and of one that is refused before its signature is looked at', () => {
    expect(mistake(SECRET)).toBeUndefined();
    expect(() => verifyWebhook({}, BODY, SECRET)).toThrow(expect.objectContaining({ mistake: undefined }));
  });
});

describe('a call that is wrong', () => {
  it.each([
    ['an empty secret', ''],
    ['no secret', []],
    ['an empty one among secrets', [SECRET, '']],
    ['a blank secret', ' \n'],
    // oxlint-disable-next-line no-sparse-arrays -- which it is about
    ['a hole among secrets', [SECRET, , SECRET]],
    ['too many secrets', Array.from({ length: 17 }, () => SECRET)],
    ['a setting that is missing', undefined],
  ])('throws a TypeError for %s, and not a refusal', (_, secret) => {
    expect(() => verifyWebhook(signed(), BODY, secret as string, { now: NOW })).toThrow(TypeError);
  });

  it('throws a TypeError for a body that was parsed', () => {
    expect(() => verifyWebhook(signed(), JSON.parse(BODY), SECRET, { now: NOW })).toThrow(TypeError);
  });
});

describe('a refusal', () => {
  it('says nothing of the secret or the body', () => {
    const everything: string[] = [];
    for (const headers of [{}, { ...signed(), 'webhook-id': 'a b' }, signed({ secrets: [OTHER] })]) {
      try {
        verifyWebhook(headers, BODY, SECRET, { now: NOW });
      } catch (error) {
        everything.push(String(error), JSON.stringify(error));
      }
    }
    expect(everything).toHaveLength(6);
    expect(everything.join()).not.toMatch(new RegExp(`${SECRET}|${OTHER}|${ID}|é`));
  });
});

describe('unwrap', () => {
  it('returns the event, of the type that it names', () => {
    const event = unwrap(signed(), BODY, SECRET, { now: NOW });
    expect(event).toEqual(JSON.parse(BODY));
    expect(unwrap(signed(), Buffer.from(BODY), SECRET, { now: NOW })).toEqual(event);
  });

  it('refuses what is not signed before it looks at it', () => {
    expect(() => unwrap(signed(), 'no JSON', SECRET, { now: NOW })).toThrow(
      expect.objectContaining({ reason: 'signature_mismatch' }),
    );
  });

  it.each([
    'no JSON',
    '',
    'null',
    '[]',
    '{"id":"1","event":"test"}',
    '{"event":"test","payload":{}}',
    '{"id":"1","event":"test","payload":[]}',
  ])('refuses %j, though it is signed', (body) => {
    expect(() => unwrap(signed({ body }), body, SECRET, { now: NOW })).toThrow(
      expect.objectContaining({ reason: 'invalid_body', message: expect.not.stringContaining('no JSON') }),
    );
  });
});
