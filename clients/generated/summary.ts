/* What each story is told by the test, what it tells it, and what the types of its client have to be. */

export const serviceUrl = told('SERVICE_URL');
export const apiToken = told('API_TOKEN');
export const targetUrl = told('TARGET_URL');

/** No webhook has this id. */
export const NO_WEBHOOK = '00000000-0000-7000-8000-000000000000';

export interface Summary {
  /** `repeatedId`: what a second request with the same key and content was answered. */
  created: { status: number; location: string | null; id: string; repeatedId: string };
  /** The ids of the active webhooks, page by page. */
  pages: string[][];
  /** The ids of the one event and of the three in a batch. */
  published: string[];
  /** What succeeded for the created webhook, in the order of `published`. */
  deliveries: { eventId: string; eventType: string; status: string; attempts: number }[];
  attempt: { number: number; outcome: string; error: string | null; url: string; status: number; body: string };
  event: { payload: unknown; succeeded: number };
  notFound: { status: number; code: string };
  invalid: { status: number; code: string; fields: string[] };
  recovery: { counted: number; webhookId: string; status: string };
  updated: { isActive: boolean; eventTypes: number };
  deletedId: string;
}

export function tell(summary: Summary): void {
  console.log(JSON.stringify(summary));
}

/** What a client read from a service of a later version, which has an event type, an error code and a member that it does not know. */
export interface LaterSummary {
  eventType: string;
  members: string[];
  code: string;
}

export function tellLater(summary: LaterSummary): void {
  console.log(JSON.stringify(summary));
}

/** By hand, as the contract has them. */
export interface Types {
  eventType:
    | 'sync_job_run:created'
    | 'sync_job_run:updated'
    | 'sync_job_run:started'
    | 'sync_job_run:completed'
    | 'sync_job_run:failed'
    | 'sync_job_run:record'
    | 'integrated_account:created'
    | 'integrated_account:updated'
    | 'integrated_account:active'
    | 'integrated_account:reactivated'
    | 'integrated_account:authentication_error'
    | 'integrated_account:post_install_error'
    | 'integrated_account:validation_error'
    | 'integrated_account:post_connect_form_submitted'
    | 'record:created'
    | 'record:updated'
    | 'record:deleted'
    | 'sync_job_cron_trigger:failed'
    | 'batch_job:dry_run_completed'
    | 'batch_job:completed'
    | 'batch_job:dry_run_failed'
    | 'batch_job:failed';
  /** Which members a new webhook must have. */
  requiredOfWebhook: 'target_url';
  requiredOfRecover: 'since';
  requiredOfTest: 'id';
  status: 'pending' | 'succeeded' | 'failed' | 'canceled';
  cancelReason: string | null;
  completedAt: string | null;
  nextCursor: string | null;
  outcome: 'succeeded' | 'failed';
  /** What grows is any text in answers: a value that is new breaks no client. */
  attemptError: string | null;
  errorCode: string;
  deliveryEventType: string;
  fieldFailure: { field: string; message: string };
  /** What a test of a webhook that failed tells. */
  detailedStatus: number | null;
  /** `event` of what a webhook is sent when a record was created. */
  sentEvent: 'record:created';
}

export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** The names of the members that may not be absent. */
export type RequiredOf<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];

/** Each member of the argument is `true`; that it compiles says that the types found are those above. `Lost` are not found. */
export function expectTypes<
  Found extends Record<Exclude<keyof Types, Lost>, unknown>,
  Lost extends keyof Types = never,
>(_isSame: {
  [Name in Exclude<keyof Types, Lost>]: Same<Found[Name], Types[Name]>;
}): void {}

/** Asks again until there is an answer. */
export async function until<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function told(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
