import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a TLS server shows. */
export interface Identity {
  key: Buffer;
  cert: Buffer;
}

/** What a certificate is made of. */
export interface CertificateOptions {
  /** Good for a day or, `expired`, until the day before. Default good. */
  validity?: 'good' | 'expired';
  key?: KeyKind;
  /** What the authority signs it with. Default sha256. */
  digest?: 'sha1' | 'sha256';
}

export type KeyKind = 'P-192' | 'P-256' | 'RSA-1024' | 'RSA-2048';

/** A certificate authority for one test file, made by the `openssl` command. */
export class CertificateAuthority {
  private readonly directory = mkdtempSync(join(tmpdir(), 'tidings-ca-'));
  private issued = 0;
  /** Where its certificate is, as NODE_EXTRA_CA_CERTS takes it. */
  readonly path = this.file('ca.pem');

  /** @param key its own. */
  constructor(key: KeyKind = 'P-256') {
    writeFileSync(
      this.file('ca.conf'),
      `[ca]\ndefault_ca = test\n[test]\ndatabase = ${this.file('index')}\nnew_certs_dir = ${this.directory}\n` +
        'rand_serial = yes\ndefault_md = sha256\npolicy = any\nunique_subject = no\ncopy_extensions = copy\n' +
        '[any]\ncommonName = supplied\n',
    );
    writeFileSync(this.file('index'), '');
    const [keyFile, name] = [this.file('ca.key'), subject('Test CA')];
    this.openssl('req', '-x509', ...NEW_KEY[key], ...name, '-keyout', keyFile, '-out', this.path);
  }

  get certificate(): string {
    return readFileSync(this.path, 'utf8');
  }

  /** @param hostname a name, or an IP address. */
  issue(
    hostname: string,
    { validity = 'good', key: keyKind = 'P-256', digest = 'sha256' }: CertificateOptions = {},
  ): Identity {
    const name = `leaf-${(this.issued += 1)}`;
    const [key, request, cert] = ['key', 'csr', 'pem'].map((kind) => this.file(`${name}.${kind}`)) as [
      string,
      string,
      string,
    ];
    this.openssl('req', ...NEW_KEY[keyKind], ...subject(hostname), '-keyout', key, '-out', request);
    const days = validity === 'good' ? [-1, 1] : [-3, -1];
    const [from, to] = days.map(daysFromNow) as [string, string];
    const signer = ['-config', this.file('ca.conf'), '-cert', this.path, '-keyfile', this.file('ca.key')];
    this.openssl(
      'ca',
      '-batch',
      '-md',
      digest,
      ...signer,
      '-startdate',
      from,
      '-enddate',
      to,
      '-in',
      request,
      '-out',
      cert,
    );
    return { key: readFileSync(key), cert: readFileSync(cert) };
  }

  /** A certificate that nobody but itself vouches for. */
  selfSigned(hostname: string): Identity {
    const [key, cert] = [this.file('self.key'), this.file('self.pem')];
    this.openssl('req', '-x509', ...NEW_KEY['P-256'], ...subject(hostname), '-keyout', key, '-out', cert);
    return { key: readFileSync(key), cert: readFileSync(cert) };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }

  private file(name: string): string {
    return join(this.directory, name);
  }

  private openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}

const curve = (name: string): string[] => ['-nodes', '-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${name}`];

const NEW_KEY: Readonly<Record<KeyKind, string[]>> = {
  'P-192': curve('prime192v1'),
  'P-256': curve('prime256v1'),
  'RSA-1024': ['-nodes', '-newkey', 'rsa:1024'],
  'RSA-2048': ['-nodes', '-newkey', 'rsa:2048'],
};

function subject(hostname: string): string[] {
  const kind = isIP(hostname) ? 'IP' : 'DNS';
  return ['-subj', `/CN=${hostname}`, '-addext', `subjectAltName=${kind}:${hostname.replaceAll(' ', '-')}`];
}

/** As `openssl ca` takes a date: YYYYMMDDHHMMSSZ. */
function daysFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '');
}
