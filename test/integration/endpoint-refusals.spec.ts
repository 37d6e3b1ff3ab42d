import { PROBE_INTERVAL_MS } from '../../src/deliveries/engine/endpoint-health.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Answer, type Arrival, EndpointSimulation, type Story } from '../support/endpoint-simulation.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** A delivery that was never tried is tried within two intervals of probes. */
const FIRST_TRY_WITHIN_MS = 2 * PROBE_INTERVAL_MS;
/** Some thousand statements; a second alone for each minute of the simulation. */
const SIMULATION_TIMEOUT_MS = 120_000;

/** Uniform in [0, 1), the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** An event every `everyMs`, of which this share is bad. */
function stream(fromMs: number, toMs: number, everyMs: number, badShare: number, random = seeded(7)): Arrival[] {
  const count = Math.floor((toMs - fromMs) / everyMs);
  return Array.from({ length: count }, (_, index) => ({
    atMs: fromMs + index * everyMs,
    kind: random() < badShare ? 'bad' : 'good',
  }));
}

function burst(count: number, kind: string, atMs = 0): Arrival[] {
  return Array.from({ length: count }, (_, index) => ({ atMs: atMs + index * 10, kind }));
}

const refuses =
  (status: number | null, durationMs: number): Answer =>
  (kind) =>
    kind === 'good' ? { status: 200, durationMs: 20 } : { status, durationMs };

const firstWait = ({ attemptsAtMs, publishedAtMs }: Story): number => (attemptsAtMs[0] ?? Infinity) - publishedAtMs;

describe('an endpoint that refuses, hangs or is away', () => {
  let test: TestDatabase;

  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.close());

  const badFirst = burst(60, 'bad');
  const refused = refuses(422, 20);
  const hung = refuses(null, 15 * SECOND);
  const mixes: { mix: string; arrivals: Arrival[]; answers: Answer[] }[] = [
    {
      mix: '60 bad, then a good one every two minutes',
      arrivals: [...badFirst, ...stream(6 * MINUTE, 20 * MINUTE, 2 * MINUTE, 0)],
      answers: [refused, refuses(500, 20), hung],
    },
    {
      mix: '60 bad, then nine in ten bad',
      arrivals: [...badFirst, ...stream(6 * MINUTE, 14 * MINUTE, 5 * SECOND, 0.9)],
      answers: [refused],
    },
    {
      mix: '60 bad, then 39 in 40 bad',
      arrivals: [...badFirst, ...stream(6 * MINUTE, 8 * MINUTE, SECOND, 0.975)],
      answers: [refused],
    },
    {
      mix: 'half bad from the beginning',
      arrivals: stream(0, 8 * MINUTE, 5 * SECOND, 0.5),
      answers: [refused, hung],
    },
  ];

  it.each(mixes.flatMap(({ answers, ...mix }) => answers.map((answer) => ({ ...mix, answer, ...answer('bad', 0) }))))(
    'tries within a minute what was never tried: $mix, answered $status after $durationMs ms',
    async ({ arrivals, answer }) => {
      const simulation = await EndpointSimulation.create(test.dataSource, answer, seeded(3));
      await simulation.run(arrivals, arrivals.at(-1)!.atMs + MINUTE);
      const stories = [...simulation.stories.values()];
      expect(Math.max(...stories.map(firstWait))).toBeLessThan(FIRST_TRY_WITHIN_MS);
      expect(stories.filter(({ kind, takenAtMs }) => kind === 'good' && takenAtMs === null)).toEqual([]);
    },
    SIMULATION_TIMEOUT_MS,
  );

  it(
    'lets the good flow once one is taken, while the endpoint hangs on half of what comes',
    async () => {
      const simulation = await EndpointSimulation.create(test.dataSource, hung, seeded(3));
      await simulation.run([...badFirst, ...stream(6 * MINUTE, 11 * MINUTE, 4 * SECOND, 0.5)], 12 * MINUTE);
      const good = [...simulation.stories.values()].filter(({ kind }) => kind === 'good');
      const firstTakenAt = Math.min(...good.map(({ takenAtMs }) => takenAtMs ?? Infinity));
      const later = good.filter(({ publishedAtMs }) => publishedAtMs > firstTakenAt + MINUTE);
      expect(later.length).toBeGreaterThan(20);
      expect(Math.max(...later.map(firstWait))).toBeLessThan(SECOND);
    },
    SIMULATION_TIMEOUT_MS,
  );

  const outages: [string, Answer][] = [
    ['no connection', () => ({ status: null, durationMs: 2 })],
    ['no answer in time', () => ({ status: null, durationMs: 15 * SECOND })],
    ['503', () => ({ status: 503, durationMs: 5 })],
    ['404 of a proxy', () => ({ status: 404, durationMs: 5 })],
    ['500 of everything', () => ({ status: 500, durationMs: 5 })],
  ];
  const END = 40 * MINUTE;

  it.each(outages)(
    'holds what waits without spending its schedule, and lets it go little by little: %s',
    async (_, outage) => {
      const answer: Answer = (kind, atMs) => (atMs < END ? outage(kind, atMs) : { status: 200, durationMs: 500 });
      const simulation = await EndpointSimulation.create(test.dataSource, answer, seeded(3));
      const arrivals = [...stream(0, 2 * MINUTE, 2 * SECOND, 0), ...stream(8 * MINUTE, 38 * MINUTE, 15 * SECOND, 0)];
      await simulation.run(arrivals, END);
      const held = (await simulation.stepsSpent()).filter(({ publishedAtMs }) => publishedAtMs > 5 * MINUTE);
      expect(held).toHaveLength(120);
      expect(Math.max(...held.map(({ failures }) => failures))).toBe(0);
      // Each is tried once at most by the time, beside the probes.
      const whileDown = simulation.starts.filter(({ atMs }) => atMs > 8 * MINUTE && atMs < END);
      expect(whileDown.length).toBeLessThan(120 + (2 * 32 * MINUTE) / PROBE_INTERVAL_MS);
      expect(Math.max(...whileDown.map(({ inFlight }) => inFlight))).toBe(1);

      await simulation.run([], END + 3 * MINUTE);
      const stories = [...simulation.stories.values()];
      expect(stories.filter(({ takenAtMs }) => takenAtMs === null)).toEqual([]);
      const firstTakenAt = Math.min(...stories.map(({ takenAtMs }) => takenAtMs!));
      const tooMany = simulation.starts.filter(({ atMs, inFlight }) => {
        const taken = stories.filter(({ takenAtMs }) => takenAtMs! <= atMs).length;
        return atMs > END && inFlight > Math.max(1, taken + (atMs - firstTakenAt) / SECOND + 1);
      });
      expect(tooMany).toEqual([]);
    },
    SIMULATION_TIMEOUT_MS,
  );
});
