import { createHmac } from 'node:crypto';

export type SignatureEncoding = 'base64' | 'hex';

/**
 * The Standard Webhooks signature header (https://www.standardwebhooks.com, "Signature scheme"): one `v1,<base64>` for
 * each live secret, so that a receiver may hold either while a rotation overlaps.
 *
 * @param secrets newest first; the HMAC key is the bytes of the secret's text.
 * @param timestamp Unix seconds of this attempt.
 */
export function standardSignature(secrets: readonly string[], id: string, timestamp: number, body: Buffer): string {
  return secrets
    .map((secret) => {
      const hmac = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body);
      return `v1,${hmac.digest('base64')}`;
    })
    .join(' ');
}

/** In the form `format=sha256,v=<digest>`, over the body alone. */
export function bodySignature(secret: string, body: Buffer, encoding: SignatureEncoding): string {
  return `format=sha256,v=${createHmac('sha256', secret).update(body).digest(encoding)}`;
}
