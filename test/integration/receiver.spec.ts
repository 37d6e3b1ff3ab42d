import { signedHeaders } from '../../src/deliveries/sending/outgoing-request.js';
import { Receiver, verifiedSignatures, type ReceivedRequest } from '../support/receiver.js';

const SECRET = 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff';

describe('the receiver of the tests', () => {
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await Receiver.start();
  });
  afterEach(() => receiver.close());

  const post = (body: string | Buffer = '{}', headers: Record<string, string> = {}): Promise<Response> =>
    fetch(receiver.url('/a?b=c'), { method: 'POST', body, headers });

  it('keeps requests as they came, and answers 200', async () => {
    const before = Date.now();
    const bytes = Buffer.from([0, 255, 128]);
    expect((await post(bytes, { 'X-Own': '1' })).status).toBe(200);
    const [request] = await receiver.waitFor(1);
    expect(request).toMatchObject({ method: 'POST', path: '/a?b=c', headers: { 'x-own': '1' }, body: bytes });
    expect(request?.atMs).toBeGreaterThanOrEqual(before);
  });

  it('answers with a list in turn, whose last one stays', async () => {
    await post();
    receiver.respondWith([500, { status: 429, headers: { 'retry-after': '1' }, body: 'later' }, 204]);
    const statuses: number[] = [];
    for (let sent = 0; sent < 4; sent += 1) statuses.push((await post()).status);
    expect(statuses).toEqual([500, 429, 204, 204]);
    receiver.clear();
    expect((await post()).status).toBe(204);
    expect(receiver.requests).toHaveLength(1);
  });

  it('answers by a function, late, not at all, or with a broken connection', async () => {
    receiver.respondWith(({ headers }, index) => (headers['x-own'] ? 'reset' : { status: 201 + index, delayMs: 50 }));
    const start = performance.now();
    expect((await post()).status).toBe(201);
    expect(performance.now() - start).toBeGreaterThanOrEqual(45);
    await expect(post('{}', { 'x-own': '1' })).rejects.toThrow('fetch failed');

    receiver.respondWith(['hang']);
    const hanging = post().catch(() => 'broken off');
    await receiver.waitFor(3);
    await receiver.close();
    expect(await hanging).toBe('broken off');
    receiver = await Receiver.start();
  });

  it('says what was missing when a request does not come', async () => {
    await expect(receiver.waitFor(2, 50)).rejects.toThrow(/in vain for 2 requests\nthere were 0/);
  });
});

describe('verifiedSignatures', () => {
  const delivery = (secrets: string[], at = new Date()): ReceivedRequest => {
    const body = Buffer.from('{"payload":{"n":9007199254740993}}');
    const options = {
      userAgent: 'Tidings',
      signatureHeader: 'X-Webhook-Signature',
      signatureEncoding: 'base64',
    } as const;
    const headers = signedHeaders(body, '0198c0de-0000-7000-8000-000000000001', secrets, at, options);
    return { method: 'POST', path: '/', headers, body, atMs: at.getTime() };
  };

  it('finds what was signed right', () => {
    expect(verifiedSignatures(delivery([SECRET]), SECRET)).toEqual({ standard: true, body: true });
    expect(verifiedSignatures(delivery(['another', SECRET]), SECRET)).toEqual({ standard: true, body: true });
  });

  it('finds another secret, another body and an old timestamp wrong', () => {
    expect(verifiedSignatures(delivery(['another']), SECRET)).toEqual({ standard: false, body: false });
    const changed = { ...delivery([SECRET]), body: Buffer.from('{"payload":{"n":9007199254740992}}') };
    expect(verifiedSignatures(changed, SECRET)).toEqual({ standard: false, body: false });
    const old = delivery([SECRET], new Date(Date.now() - 600_000));
    expect(verifiedSignatures(old, SECRET)).toEqual({ standard: false, body: true });
  });
});
