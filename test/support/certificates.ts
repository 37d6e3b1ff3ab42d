import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a TLS server shows. */
export interface Identity {
  key: Buffer;
  cert: Buffer;
}

/** A certificate authority for one test file, made by the `openssl` command. */
export class CertificateAuthority {
  private readonly directory = mkdtempSync(join(tmpdir(), 'tidings-ca-'));
  private issued = 0;
  /** Where its certificate is, as NODE_EXTRA_CA_CERTS takes it. */
  readonly path = this.file('ca.pem');

  constructor() {
    writeFileSync(
      this.file('ca.conf'),
      `[ca]\ndefault_ca = test\n[test]\ndatabase = ${this.file('index')}\nnew_certs_dir = ${this.directory}\n` +
        'rand_serial = yes\ndefault_md = sha256\npolicy = any\nunique_subject = no\ncopy_extensions = copy\n' +
        '[any]\ncommonName = supplied\n',
    );
    writeFileSync(this.file('index'), '');
    this.openssl('req', '-x509', ...NEW_KEY, ...subject('Test CA'), '-keyout', this.file('ca.key'), '-out', this.path);
  }

  get certificate(): string {
    return readFileSync(this.path, 'utf8');
  }

  /** A certificate for a host name, good for a day or, `expired`, until the day before. */
  issue(hostname: string, validity: 'good' | 'expired' = 'good'): Identity {
    const name = `leaf-${(this.issued += 1)}`;
    const [key, request, cert] = ['key', 'csr', 'pem'].map((kind) => this.file(`${name}.${kind}`)) as [
      string,
      string,
      string,
    ];
    this.openssl('req', ...NEW_KEY, ...subject(hostname), '-keyout', key, '-out', request);
    const days = validity === 'good' ? [-1, 1] : [-3, -1];
    const [from, to] = days.map(daysFromNow) as [string, string];
    const signer = ['-config', this.file('ca.conf'), '-cert', this.path, '-keyfile', this.file('ca.key')];
    this.openssl('ca', '-batch', ...signer, '-startdate', from, '-enddate', to, '-in', request, '-out', cert);
    return { key: readFileSync(key), cert: readFileSync(cert) };
  }

  /** A certificate that nobody but itself vouches for. */
  selfSigned(hostname: string): Identity {
    const [key, cert] = [this.file('self.key'), this.file('self.pem')];
    this.openssl('req', '-x509', ...NEW_KEY, ...subject(hostname), '-keyout', key, '-out', cert);
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

const NEW_KEY = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

function subject(hostname: string): string[] {
  return ['-subj', `/CN=${hostname}`, '-addext', `subjectAltName=DNS:${hostname.replaceAll(' ', '-')}`];
}

/** As `openssl ca` takes a date: YYYYMMDDHHMMSSZ. */
function daysFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '');
}
