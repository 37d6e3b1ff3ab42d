import type { Distribution } from '../measures/samples.js';
import type { EventLoad } from './event-load.js';
import { serve } from './helper-process.js';
import { type LoadReport, LoadRun } from './load-run.js';
import { type Reading, readInTurn } from './read-run.js';
import { EventRequests, WebhookRequests } from './request-source.js';
import { publishByWrk } from './wrk-run.js';

export interface WebhookLoad {
  port: number;
  token: string;
  /** Where the webhooks point; they are inactive. */
  targetUrl: string;
  perSecond: number;
  seconds: number;
}

export interface LoadProcedures {
  publish: (load: EventLoad) => Promise<LoadReport>;
  /** Ends `publish` early where it does not wait for answers. */
  stopPublishing: (argument: null) => void;
  createWebhooks: (load: WebhookLoad) => Promise<LoadReport>;
  /** In place of the bench's own generator, where that waits for answers; single events of one token, 250 bytes. */
  publishByWrk: (load: EventLoad) => Promise<LoadReport>;
  read: (reading: Reading) => Promise<Distribution>;
}

let publishing: LoadRun | null = null;

serve<LoadProcedures>({
  publish({ ports, streams, eventsPerRequest, payloadBytes, arrivals, seconds }) {
    publishing = new LoadRun(ports, new EventRequests(streams, eventsPerRequest, payloadBytes));
    return publishing.send(arrivals, seconds);
  },
  stopPublishing: () => publishing?.stop(),
  createWebhooks: ({ port, token, targetUrl, perSecond, seconds }) =>
    new LoadRun([port], new WebhookRequests(token, targetUrl)).send({ kind: 'open', perSecond }, seconds),
  publishByWrk,
  read: readInTurn,
});
