import { Webhook } from 'standardwebhooks';
import { envelopeOf, signedHeaders } from '../../src/deliveries/sending/outgoing-request.js';
import { bodySignature, standardSignature } from '../../src/deliveries/sending/signer.js';

const secret = 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff';
const body = Buffer.from('{"id":"018f","event":"test","payload":{"foo":"bar"}}');
const standard = (text: string): Webhook => new Webhook(`whsec_${Buffer.from(text).toString('base64')}`);

describe('the Standard Webhooks signature', () => {
  it('is the one of the published test vector', () => {
    // https://github.com/standard-webhooks/standard-webhooks, the libraries' shared test data. Its key is bytes, not
    // text: base64 MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64') as unknown as string;
    const signature = standardSignature(
      [key],
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1614265330,
      Buffer.from('{"test": 2432232314}'),
    );
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('verifies with the Standard Webhooks library', () => {
    const now = new Date();
    const headers = signedHeaders(body, 'evt-1', [secret], now, {
      userAgent: 'Tidings/0',
      signatureHeader: 'X-Webhook-Signature',
      signatureEncoding: 'base64',
    });
    expect(standard(secret).verify(body.toString(), headers)).toMatchObject({ event: 'test' });
    expect(() => standard('another').verify(body.toString(), headers)).toThrow();
    expect(() => standard(secret).verify(`${body.toString()} `, headers)).toThrow();
  });

  it('carries one signature for each live secret, newest first', () => {
    const both = standardSignature(['new', 'old'], 'evt-1', 1, body).split(' ');
    expect(both).toEqual([standardSignature(['new'], 'evt-1', 1, body), standardSignature(['old'], 'evt-1', 1, body)]);
  });
});

describe('the body signature', () => {
  const vector = {
    secret: '6e17561c-a20c-44ce-b8b5-caff0bf786fe',
    body: Buffer.from(
      '{"id":"3a0da6ba-b2d1-473f-957c-51f6825e3623","event":"test","payload":{"foo":"bar"},"environment_id":"ac15abdc-b38e-47d0-97a2-69194017c177","created_at":"2023-06-16T09:21:22.369Z","webhook_id":"b6d29b9b-3d9d-44fd-aa77-512fd83b28c1"}',
    ),
  };

  it.each([
    ['base64', 'format=sha256,v=zOPeet2nPrg9CVgXav/hlea2vIRM4fkzDVIgiJJ+vJM='],
    ['hex', 'format=sha256,v=cce3de7adda73eb83d0958176affe195e6b6bc844ce1f9330d522088927ebc93'],
  ] as const)('in %s', (encoding, expected) => {
    expect(bodySignature(vector.secret, vector.body, encoding)).toBe(expected);
  });

  it("is the oldest live secret's, under the header that is set", () => {
    const headers = signedHeaders(body, 'evt-1', ['new', 'old'], new Date(1_700_000_000_999), {
      userAgent: 'Tidings/0',
      signatureHeader: 'X-Other-Signature',
      signatureEncoding: 'hex',
    });
    expect(headers['x-other-signature']).toBe(bodySignature('old', body, 'hex'));
    expect(headers['webhook-timestamp']).toBe('1700000000');
  });
});

describe('the envelope', () => {
  it('has its members in the documented order and the payload as it was written', () => {
    const payload = '{"b":1.0,"a":9007199254740993,"a":"\\u0000"}';
    const event = { id: 'e1', type: 'record:created', payload, createdAt: new Date(Date.UTC(2021, 7, 10, 10)) };
    expect(envelopeOf(event, 'n1', 'w1').toString()).toBe(
      `{"id":"e1","event":"record:created","payload":${payload},"environment_id":"n1",` +
        '"created_at":"2021-08-10T10:00:00.000Z","webhook_id":"w1"}',
    );
  });
});
