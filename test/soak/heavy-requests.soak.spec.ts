import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { fetchDocument } from '../support/client.js';
import { GrownRequests, nameOf, type GrownRequest, type Names } from '../support/grown-requests.js';
import { OPERATIONS } from '../support/operations.js';
import { steadyResidentBytes } from '../support/proc.js';
import { METERED, ProcessMeter } from '../support/process-meter.js';
import { useService } from '../support/process.js';
import { described } from '../support/request-bounds.js';
import { planOf } from '../support/request-plan.js';
import { RequestTrials, type Trial } from '../support/request-trials.js';
import { runDirectory } from '../support/run-directory.js';

/** Another one each time; HARNESS_SEED repeats one, which the end prints. HARNESS_MINUTES looks longer. */
const SEED = Number(process.env['HARNESS_SEED'] ?? randomInt(2 ** 31 - 1));
const MINUTES = Number(process.env['HARNESS_MINUTES'] ?? 1.5);
/** Only requests whose name matches, for whoever mends one. */
const ONLY = new RegExp(process.env['HARNESS_ONLY'] ?? '');

const MEBIBYTE = 1_048_576;
const MAX_BODY_BYTES = 8 * MEBIBYTE;
/** First, because what is quadratic shows already, and takes a thousandth of the time that it would at the limit. */
const SMALL_BYTES = MEBIBYTE / 8;

/** What all the requests may leave in memory, with the code that V8 compiled for them. */
const KEPT_BYTES = 32 * MEBIBYTE;

/** How many of those that kept the bounds are told at the end, with how they grow. */
const SLOWEST = 8;

/** Nothing listens there. */
const CLOSED_TARGET = 'http://127.0.0.1:1024/';

// A failing run tries each finding several times, and starts the service anew after some.
jest.setTimeout(MINUTES * 60_000 * 20);

interface Kept {
  request: GrownRequest;
  /** The size that it was tried at. */
  bytes: number;
  trial: Trial;
}

describe('a heavy request', () => {
  // Of this worker: the other engine has one at the same time.
  const socketPath = join(runDirectory(), `meter-${process.pid}.sock`);
  const service = useService({
    env: { METER_SOCKET: socketPath, TRUST_PROXY: '127.0.0.0/8,10.0.0.0/8', LOG_LEVEL: 'warn' },
    nodeOptions: METERED,
  });

  /** What valid requests name. */
  async function prepared(): Promise<Names> {
    const { client, token, environmentId } = await service.tenant();
    // Another one's, so that no event is owed to the webhooks that requests make.
    const publisher = await service.tenant();
    const { id } = await client.createWebhook({ target_url: CLOSED_TARGET, is_active: false });
    return {
      tokenFor: (operation) => {
        if (OPERATIONS[operation] === 'admin') return service.adminToken;
        return operation.includes(' /event') ? publisher.token : token;
      },
      idFor: (operation) => {
        if (operation.startsWith('DELETE')) return randomUUID();
        return operation.includes(' /environment') ? environmentId : id;
      },
      members: { id, environment_id: environmentId, target_url: CLOSED_TARGET, is_active: false },
    };
  }

  it('never blocks the event loop, is answered briefly, and takes memory in proportion to itself', async () => {
    const grown = new GrownRequests(await fetchDocument(service.url), await prepared(), MAX_BODY_BYTES).all();
    const plan = planOf(
      grown.filter((request) => ONLY.test(nameOf(request))),
      SEED,
    );
    await steadyResidentBytes(service.pid);
    const trials = new RequestTrials(service, new ProcessMeter(socketPath));
    const before = (await trials.once(grown[0]!.at(1))).reading!.heapBytes;
    const findings: string[] = [];
    const kept: Kept[] = [];

    const until = Date.now() + MINUTES * 60_000;
    for (const [at, request] of [...plan.always, ...plan.further].entries()) {
      if (at >= plan.always.length && Date.now() > until) break;
      for (const bytes of request.limitBytes > SMALL_BYTES ? [SMALL_BYTES, request.limitBytes] : [request.limitBytes]) {
        const trial = await trials.of(request.at(bytes));
        if (trial.broken.length > 0) {
          findings.push(`${nameOf(request)}: ${trial.broken.join(', ')} (${described(trial.measured)})`);
          told(findings.at(-1)!);
          break;
        }
        kept.push({ request, bytes, trial });
      }
    }

    told(`HARNESS_SEED=${SEED}: ${kept.length} requests kept the bounds, ${findings.length} did not`);
    await tellSlowest(trials, kept);
    const after = (await trials.once(grown[0]!.at(1))).reading!.heapBytes;
    expect(findings).toEqual([]);
    expect(after - before).toBeLessThan(KEPT_BYTES);
  });
});

/** Those that came nearest to the bound, and the power of their size that they grow with: from 1.5 on they are suspect. */
async function tellSlowest(trials: RequestTrials, kept: Kept[]): Promise<void> {
  const slowest = kept.sort((a, b) => b.trial.measured.reading!.blockMs - a.trial.measured.reading!.blockMs);
  for (const { request, bytes, trial } of slowest.slice(0, SLOWEST)) {
    const half = await trials.of(request.at(Math.floor(bytes / 2)));
    const [least, most] = [half, trial].map(({ measured }) => measured.reading?.computedMs ?? NaN);
    told(`${nameOf(request)}: power ${Math.log2(most! / least!).toFixed(1)} (${described(trial.measured)})`);
  }
}

function told(line: string): void {
  process.stdout.write(`${line}\n`);
}
