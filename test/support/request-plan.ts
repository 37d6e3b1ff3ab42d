import fc from 'fast-check';
import { nameOf, type GrownRequest } from './grown-requests.js';

/** Requests that once stopped a service for seconds: they come first, always. */
const KNOWN = [
  'POST /webhook, body: a name of 16500 with an array of strings of NUL',
  'POST /event, body: a name of 16500 with an array of strings of NUL',
  'POST /webhook, body: a name and an array of strings of NUL, half each',
  'POST /event, body: many names, zeros',
  'POST /webhook, body: many names, zeros',
  'POST /event/batch, body events.0: many names, zeros',
  'POST /webhook, body event_types: an array of zeros',
  'PATCH /webhook/{id}, body event_types: an array of empty objects',
  'POST /event/batch, body events: an array of zeros',
  'POST /event/batch, body events: an array of empty objects',
  'POST /event, body: many long names of one length, zeros',
  'POST /event, body: spaces in chunks of 1',
];

/** Each way to grow is tried on one of these: they have bodies of all forms, and a token for one environment may send them. */
const FULLY_TRIED = ['POST /event', 'POST /event/batch', 'POST /webhook', 'PATCH /webhook/{id}'];

export interface Plan {
  /** Tried however long it takes: the known ones, and each way in which a body can grow. */
  always: GrownRequest[];
  /** All others, for as long as there is time: places and operations take turns. */
  further: GrownRequest[];
}

/** The order in which to try requests. */
export function planOf(requests: readonly GrownRequest[], seed: number): Plan {
  const isKnown = new Set(KNOWN);
  const known = requests.filter((request) => isKnown.has(nameOf(request)));
  const { length } = requests;
  const all = fc.shuffledSubarray([...requests], { minLength: length, maxLength: length });
  const drawn = fc.sample(all, { seed, numRuns: 1 })[0]!;

  const first = new Map<string, GrownRequest>();
  for (const request of drawn) {
    const { operation, place, growth } = request;
    if (FULLY_TRIED.includes(operation) && place.startsWith('body') && !first.has(growth)) first.set(growth, request);
  }
  const always = [...new Set([...known, ...first.values()])];
  const isPlanned = new Set(always);
  return { always, further: takingTurns(drawn.filter((request) => !isPlanned.has(request))) };
}

/** The first of each operation and place, then the second of each, and so on. */
function takingTurns(requests: GrownRequest[]): GrownRequest[] {
  const counts = new Map<string, number>();
  const turns: GrownRequest[][] = [];
  for (const request of requests) {
    const group = `${request.operation} ${request.place}`;
    const turn = counts.get(group) ?? 0;
    counts.set(group, turn + 1);
    (turns[turn] ??= []).push(request);
  }
  return turns.flat();
}
