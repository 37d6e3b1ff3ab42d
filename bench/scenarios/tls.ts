import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import { type Context, onFreshSite, type Site } from '../context.js';
import { HelperProcess } from '../helpers/helper-process.js';
import type { Stream } from '../helpers/request-source.js';
import type { TlsReceiverProcedures } from '../helpers/tls-receiver-process.js';
import type { Result } from '../report/result.js';
import { BATCH_INTAKE } from './intake.js';
import { type MeasuredLoad, measureLoad } from './measure-load.js';
import { eventTypeOf, WEBHOOKS } from './webhooks.js';

const HOSTS = 2_000;
/** The part of them that is used in turn. */
const HOSTS_IN_TURN = 1_000;
/** Longer than any connection stays open without a request. */
const TURN_SECONDS = 10;
/** Of the most popular host, in one turn of all; the n-th has an n-th of it. */
const ZIPF_WEIGHT = 1_000;

type TlsReceiver = HelperProcess<TlsReceiverProcedures>;

/**
 * Scenario `tls`: to 20 hosts whose connections stay open, and to 1,000 in turn, whose connections are closed before
 * they are used again, each without TLS and with it; and to 2,000 of which some are far more popular than others.
 */
export async function measureTls(context: Context): Promise<Result[]> {
  const receiver: TlsReceiver = HelperProcess.start<TlsReceiverProcedures>(
    new URL('../helpers/tls-receiver-process.ts', import.meta.url),
  );
  context.workspace.defer(() => receiver.stop());
  try {
    const receiverPort = await receiver.call('listen', null);
    await receiver.call('answerAs', context.receiverName);
    const authority = join(context.workspace.directory, 'bench-root.pem');
    writeFileSync(authority, await receiver.call('authority', null));
    const withTls = { ...context, receiver, receiverPort };
    return await onFreshSite(context, { settings: { NODE_EXTRA_CA_CERTS: authority } }, async (site) => {
      const results: Result[] = [];
      for (const load of await plainLoadsOf(context, site)) {
        results.push(await measureLoad(context, site, load));
        await context.receiver.call('reset', null);
      }
      for (const load of await loadsOf(withTls, site)) {
        const result = await measureLoad(withTls, site, load);
        results.push({ ...result, figures: await figuresOf(receiver, result) });
        await receiver.call('reset', null);
      }
      return results;
    });
  } finally {
    await receiver.stop();
  }
}

async function plainLoadsOf(context: Context, site: Site): Promise<MeasuredLoad[]> {
  const hosts = await addHosts(context, site, 'http', hostsInTurn(context));
  return [
    { ...warmLoad(context), label: 'warm, plain', streams: hosts.slice(0, WEBHOOKS) },
    { ...turnLoad(context, hosts), label: `${hosts.length} in turn, plain`, warmUpSeconds: 1 },
  ];
}

async function loadsOf(context: Context, site: Site): Promise<MeasuredLoad[]> {
  const { seconds, isQuick } = context.options;
  const hosts = await addHosts(context, site, 'https', isQuick ? HOSTS / 10 : HOSTS);
  return [
    { ...warmLoad(context), label: 'warm', streams: hosts.slice(0, WEBHOOKS) },
    turnLoad(context, hosts.slice(0, hostsInTurn(context))),
    {
      scenario: 'tls',
      label: `${hosts.length} by popularity`,
      streams: hosts.map((host, index) => ({ ...host, weight: Math.ceil(ZIPF_WEIGHT / (index + 1)) })),
      eventsPerRequest: 1,
      arrivals: { kind: 'closed', connections: 64 },
      seconds: seconds ?? (isQuick ? 3 : 8),
      // So that few of the hosts are met for the first time afterwards.
      warmUpSeconds: isQuick ? 1 : TURN_SECONDS,
    },
  ];
}

function warmLoad({ options: { seconds, isQuick } }: Context): Omit<MeasuredLoad, 'streams'> {
  return { ...BATCH_INTAKE, scenario: 'tls', seconds: seconds ?? (isQuick ? 2 : 5), warmUpSeconds: isQuick ? 1 : 4 };
}

function hostsInTurn({ options: { isQuick } }: Context): number {
  return isQuick ? HOSTS_IN_TURN / 10 : HOSTS_IN_TURN;
}

function turnLoad({ options: { seconds } }: Context, streams: readonly Stream[]): MeasuredLoad {
  return {
    scenario: 'tls',
    label: `${streams.length} in turn`,
    streams,
    eventsPerRequest: 1,
    arrivals: { kind: 'open', perSecond: streams.length / TURN_SECONDS },
    seconds: seconds ?? TURN_SECONDS,
    warmUpSeconds: TURN_SECONDS,
  };
}

/** As many tenants as it takes that each webhook has an event type of its own. */
async function addHosts(
  { receiverPort }: Context,
  { installation }: Site,
  scheme: 'http' | 'https',
  count: number,
): Promise<Stream[]> {
  const streams: Stream[] = [];
  let tenant = await installation.createTenant();
  for (let index = 0; index < count; index += 1) {
    if (index > 0 && index % EVENT_TYPE_NAMES.length === 0) tenant = await installation.createTenant();
    const eventType = eventTypeOf(index);
    const address = `127.1.${Math.floor(index / 250)}.${1 + (index % 250)}`;
    await installation.createWebhook(tenant, `${scheme}://${address}:${receiverPort}/ok/${index}`, [eventType]);
    streams.push({ token: tenant.token, eventType, weight: 1, fanOut: 1 });
  }
  return streams;
}

async function figuresOf(receiver: TlsReceiver, { deliveries }: Result): Promise<Record<string, number>> {
  const { handshakes, resumed, mostSockets } = await receiver.call('tlsReport', null);
  return {
    handshakesPerDelivery: handshakes / deliveries,
    resumedShare: handshakes === 0 ? 0 : resumed / handshakes,
    mostSockets,
  };
}
