import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { MAIN } from '../support/program.js';
import { SERVER_URL, Service } from '../support/process.js';
import { verifiedSignatures } from '../support/receiver.js';
import { useReceivers } from './receivers.js';

const COMMAND = join(dirname(MAIN), 'reencrypt-secrets.js');

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

function reencrypt(env: Record<string, string>): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;

describe('npm run secrets:reencrypt', () => {
  const receivers = useReceivers();
  const [one, two] = [newKey('one'), newKey('two')];
  const env: Record<string, string> = { ENCRYPTION_KEYS: one };
  const service = new Service({ env });
  beforeAll(() => service.start());
  afterAll(() => service.stop());

  it('puts the secrets under the first key, so that the old one can go', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { secret } = await client.createWebhook({ target_url: receiver.url() });
    const expectSigned = async (): Promise<void> => {
      receiver.clear();
      await client.publish('record:created');
      const [request] = await receiver.waitFor(1);
      expect(verifiedSignatures(request!, secret)).toEqual({ standard: true, body: true });
    };
    const restart = async (keys: string): Promise<void> => {
      await service.kill('SIGTERM');
      env['ENCRYPTION_KEYS'] = keys;
      await service.restart();
    };
    await restart(`${two},${one}`);
    await expectSigned();

    // The embedded database belongs to the service while that runs.
    if (!SERVER_URL) {
      const refused = await reencrypt(service.settings);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain(service.dataDir);
      await service.kill('SIGTERM');
    }
    const done = await reencrypt(service.settings);
    expect(done).toEqual({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Encrypted anew: \d+\..* key two now\.\n$/),
    });
    expect(Number(/\d+/.exec(done.stdout)![0])).toBeGreaterThan(0);
    if (!SERVER_URL) await service.restart();
    await expectSigned();

    await restart(two);
    await expectSigned();
  });

  it('says which key is missing', async () => {
    if (!SERVER_URL) await service.kill('SIGTERM');
    const { code, stderr } = await reencrypt({ ...service.settings, ENCRYPTION_KEYS: newKey('three') });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'No encryption key "two" in ENCRYPTION_KEYS.\n' });
    if (!SERVER_URL) await service.restart();
  });
});
