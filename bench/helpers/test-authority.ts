import { generateKeyPairSync, type KeyObject, type KeyPairKeyObjectResult, sign, X509Certificate } from 'node:crypto';

const TAG = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, time: 0x17, sequence: 0x30, set: 0x31 };
/** Context-specific tags of RFC 5280: the version and the extensions of a certificate, and an address in a name. */
const [VERSION, EXTENSIONS, IP_ADDRESS] = [0xa0, 0xa3, 0x87];

/** As the contents of an OBJECT IDENTIFIER. */
const OID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
};
const TRUE = Buffer.from('0101ff', 'hex');

export interface TlsIdentity {
  key: string;
  /** With the certificate of the authority that issued it, as servers send them. */
  cert: string;
}

interface Issuer {
  name: string;
  key: KeyObject;
}

interface Draft {
  subject: string;
  publicKey: KeyObject;
  extension: Buffer;
}

/**
 * A root, an authority below it and their leaves, all with P-256 keys. The `openssl` command takes 40 ms for a leaf; a
 * run needs thousands.
 */
export class TestAuthority {
  private readonly leafKeys = newKeys();
  private readonly issuer: Issuer;
  private readonly issuerCertificate: string;
  /** In PEM. */
  readonly root: string;

  constructor() {
    const [root, issuer] = [newKeys(), newKeys()];
    const rootIssuer = { name: 'Bench Root', key: root.privateKey };
    const extension = extensionOf(OID.basicConstraints, der(TAG.sequence, TRUE));
    this.root = certificate({ subject: rootIssuer.name, publicKey: root.publicKey, extension }, rootIssuer);
    this.issuer = { name: 'Bench Authority', key: issuer.privateKey };
    this.issuerCertificate = certificate(
      { subject: this.issuer.name, publicKey: issuer.publicKey, extension },
      rootIssuer,
    );
  }

  /** @param address of IPv4. */
  issue(address: string): TlsIdentity {
    const { publicKey, privateKey } = this.leafKeys;
    const name = der(TAG.sequence, der(IP_ADDRESS, Buffer.from(address.split('.').map(Number))));
    const draft = { subject: address, publicKey, extension: extensionOf(OID.subjectAltName, name) };
    return {
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      cert: certificate(draft, this.issuer) + this.issuerCertificate,
    };
  }
}

function newKeys(): KeyPairKeyObjectResult {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function certificate({ subject, publicKey, extension }: Draft, issuer: Issuer): string {
  const algorithm = der(TAG.sequence, oid(OID.ecdsaWithSha256));
  const signed = der(
    TAG.sequence,
    der(VERSION, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.from([1, ...Buffer.from(subject)])),
    algorithm,
    nameOf(issuer.name),
    der(TAG.sequence, time(-1), time(7)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXTENSIONS, der(TAG.sequence, extension)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', signed, issuer.key)]);
  return new X509Certificate(der(TAG.sequence, signed, algorithm, der(TAG.bits, signature))).toString();
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const lengthBytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content]);
}

function oid(hex: string): Buffer {
  return der(TAG.oid, Buffer.from(hex, 'hex'));
}

function nameOf(commonName: string): Buffer {
  const attribute = der(TAG.sequence, oid(OID.commonName), der(TAG.utf8, Buffer.from(commonName)));
  return der(TAG.sequence, der(TAG.set, attribute));
}

function extensionOf(id: string, value: Buffer): Buffer {
  return der(TAG.sequence, oid(id), der(TAG.octets, value));
}

/** From now. */
function time(days: number): Buffer {
  const instant = new Date(Date.now() + days * 86_400_000).toISOString();
  return der(TAG.time, Buffer.from(instant.slice(2, 19).replace(/[-:T]/g, '') + 'Z'));
}
