import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ReceiverName, RECEIVERS } from './helpers/answers.js';

export const SCENARIOS = [
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  'fairness',
  'recovery',
  'neighbours',
  'growth',
  'wide',
  'one',
  'fanout',
  'sizes',
  'rates',
  'late',
  'idle',
  'tls',
  'drain',
  'wrk',
  'endurance',
] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

const ENGINES = ['embedded', 'server'] as const;
export type EngineName = (typeof ENGINES)[number];

export interface Options {
  scenarios: ScenarioName[];
  engines: EngineName[];
  receivers: ReceiverName[];
  /** A superuser's; null: only the embedded engine is measured. */
  databaseUrl: string | null;
  isQuick: boolean;
  /** Of each load; null: as the scenario says. */
  seconds: number | null;
  /** Finished deliveries in scenario 6; null: as the scenario says. */
  stored: number | null;
  /** Waiting deliveries in scenario 5 and in `drain`; null: as the scenario says. */
  backlog: number | null;
  /** Finished deliveries at the steps of `growth`, smallest first; null: as the scenario says. */
  sizes: number[] | null;
  /** Only noises of `neighbours` whose names contain this; null: all. */
  beside: string | null;
  /** Events that the quiet environment of `neighbours` publishes each second; null: as the scenario says. */
  rate: number | null;
  /** Settings of the service, beside those that the bench gives it. */
  settings: Record<string, string>;
  /** The service's processes go before all others of the machine. */
  isServiceFirst: boolean;
  /** For CPU profiles of the service; null: it writes none. */
  profileDirectory: string | null;
}

export const USAGE = `npm run bench -- [options]
  --only 1,2,fairness      scenarios (default: all without endurance, and without wrk where it is not installed)
                           ${SCENARIOS.join(', ')}
  --engine embedded,server engines (default: embedded, and server when DATABASE_URL is set)
  --receiver ordinary,least how receivers answer (default: ordinary)
  --quick                  short and small: to see that it works, not for figures
  --seconds <n>            how long each load lasts
  --backlog <n>            waiting deliveries in scenario 5 and drain
  --stored <n>             finished deliveries in scenario 6
  --sizes <n,n,…>          finished deliveries at the steps of growth
  --beside <text>          noises in neighbours whose names contain it
  --rate <n>               events a second of the quiet environment in neighbours
  --set <NAME=value>       a setting of the service, such as WORKERS=2; may be repeated
  --service-first          the service's processes get the cores before all others, PostgreSQL's too; as root
  --profile <directory>    the service writes a CPU profile of each scenario there, which costs it speed

DATABASE_URL: a superuser's URL of a PostgreSQL server. The bench makes databases of its own there and drops them.`;

export class UsageError extends Error {}

/** What the options do not say is taken from the machine. */
export function optionsOf(
  args: readonly string[],
  { databaseUrl, hasWrk }: { databaseUrl: string | null; hasWrk: boolean },
): Options {
  const { values } = parse(args);
  const engines = listOf(values.engine, ENGINES) ?? (databaseUrl === null ? ['embedded'] : [...ENGINES]);
  if (engines.includes('server') && databaseUrl === null)
    throw new UsageError('the engine `server` needs DATABASE_URL');
  return {
    scenarios: listOf(values.only, SCENARIOS) ?? defaultScenarios(hasWrk),
    engines,
    receivers: listOf(values.receiver, RECEIVERS) ?? ['ordinary'],
    databaseUrl,
    isQuick: values.quick,
    seconds: positive(values.seconds),
    stored: positive(values.stored),
    backlog: positive(values.backlog),
    sizes: sizesOf(values.sizes),
    beside: values.beside ?? null,
    rate: positive(values.rate),
    settings: settingsOf(values.set ?? []),
    isServiceFirst: values['service-first'],
    profileDirectory: values.profile === undefined ? null : resolve(values.profile),
  };
}

/** `endurance` takes an hour. */
function defaultScenarios(hasWrk: boolean): ScenarioName[] {
  if (!hasWrk) console.error('without the scenario wrk, whose program is not installed: apt-get install wrk');
  return SCENARIOS.filter((name) => name !== 'endurance' && (name !== 'wrk' || hasWrk));
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        engine: { type: 'string' },
        receiver: { type: 'string' },
        quick: { type: 'boolean', default: false },
        seconds: { type: 'string' },
        stored: { type: 'string' },
        backlog: { type: 'string' },
        sizes: { type: 'string' },
        beside: { type: 'string' },
        rate: { type: 'string' },
        set: { type: 'string', multiple: true },
        'service-first': { type: 'boolean', default: false },
        profile: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function listOf<T extends string>(text: string | undefined, known: readonly T[]): T[] | null {
  if (text === undefined) return null;
  const names = text.split(',');
  const unknown = names.find((name) => !known.includes(name as T));
  if (unknown !== undefined) throw new UsageError(`"${unknown}" is none of ${known.join(', ')}`);
  return known.filter((name) => names.includes(name));
}

function sizesOf(text: string | undefined): number[] | null {
  return text === undefined
    ? null
    : text
        .split(',')
        .map(wholeNumber)
        .sort((a, b) => a - b);
}

function settingsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(text) ?? [];
      if (name === undefined || value === undefined) throw new UsageError(`"${text}" is not NAME=value`);
      return [name, value];
    }),
  );
}

function positive(text: string | undefined): number | null {
  return text === undefined ? null : wholeNumber(text);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`"${text}" is no whole number from 1`);
  return value;
}
