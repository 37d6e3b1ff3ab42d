import { Injectable } from '@nestjs/common';
import { VERSION } from '../../common/version.js';
import { Config } from '../../config/config.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { classifyFailure } from '../../egress/attempt-error.js';
import type { Answer } from '../../egress/exchange.js';
import { GuardedAgent, type RequestTarget } from '../../egress/guarded-agent.js';
import { RequestTimings } from '../../egress/request-timings.js';
import { checkTargetUrl, targetPolicyOf, type TargetPolicy } from '../../egress/target-url-policy.js';
import { SecretVault } from '../../webhooks/secrets/secret-vault.js';
import type { AttemptError, AttemptRecord, LeasedDelivery, Target } from '../delivery.types.js';
import { envelopeOf, signedHeaders, type SigningOptions } from './outgoing-request.js';

const RECORDED_RESPONSE_HEADERS = ['content-type', 'retry-after'] as const;
/** Characters of each: a receiver may send 16 KiB of headers, and attempts are kept for weeks. */
const RECORDED_HEADER_LENGTH = 256;

interface OpenedSecret {
  text: string;
  expiresAtMs: number;
}

/** A part is null when it cannot be had or is not allowed. */
interface PreparedTarget {
  secrets: OpenedSecret[] | null;
  requestTarget: RequestTarget | null;
}

/** Makes one attempt: signs it, sends it, and reports what came back. */
@Injectable()
export class DeliverySender {
  private readonly policy: TargetPolicy;
  private readonly signing: SigningOptions;
  private readonly prepared = new WeakMap<Target, PreparedTarget>();

  constructor(
    private readonly config: Config,
    private readonly agent: GuardedAgent,
    private readonly vault: SecretVault,
    private readonly clock: DatabaseClock,
  ) {
    this.policy = targetPolicyOf(config);
    this.signing = {
      userAgent: `Tidings/${VERSION}`,
      signatureHeader: config.signatureHeader,
      signatureEncoding: config.signatureEncoding,
    };
  }

  /** From now on, waits for statuses but not for bodies. */
  hurry(): void {
    this.agent.hurry();
  }

  /** Ends every attempt under way: with its status if that has come, else without an answer. */
  breakOff(): Promise<void> {
    return this.agent.close();
  }

  /** Never throws: there is always an attempt to log. */
  async send(delivery: LeasedDelivery): Promise<AttemptRecord> {
    const startedAt = this.clock.now();
    const start = performance.now();
    const timings = new RequestTimings();
    const request = { url: delivery.target.targetUrl, headers: {} as Record<string, string> };
    const end = (response: AttemptRecord['response'], error: AttemptError | null): AttemptRecord => ({
      startedAt,
      durationMs: Math.round(performance.now() - start),
      timings,
      sentAfterMs: timings.sentAt && timings.sentAt - start,
      outcome: response && response.status >= 200 && response.status <= 299 ? 'succeeded' : 'failed',
      error,
      request,
      response,
    });

    if (!delivery.event) return end(null, 'payload_unavailable');
    const { secrets, requestTarget } = this.prepare(delivery.target);
    // A secret that was live when read may have expired since.
    const live = secrets?.filter(({ expiresAtMs }) => expiresAtMs > startedAt.getTime()).map(({ text }) => text);
    if (!live || live.length === 0) return end(null, 'secret_unavailable');
    if (!requestTarget) return end(null, 'blocked_address');

    const body = envelopeOf(delivery.event, delivery.target.environmentId, delivery.target.webhookId);
    request.headers = signedHeaders(body, delivery.event.id, live, startedAt, this.signing);
    try {
      const answer = await this.agent.request(requestTarget, {
        method: 'POST',
        headers: request.headers,
        body,
        deadlineMs: this.config.attemptTimeoutMs,
        timings,
      });
      const { text, truncated } = answer.body;
      return end(
        { status: answer.status, headers: recordedHeaders(answer), body: text, bodyTruncated: truncated },
        null,
      );
    } catch (error) {
      return end(null, classifyFailure(error));
    }
  }

  /** Once for all deliveries whose webhook one statement read. */
  private prepare(target: Target): PreparedTarget {
    const known = this.prepared.get(target);
    if (known) return known;
    const verdict = checkTargetUrl(target.targetUrl, this.policy);
    const prepared = {
      secrets: this.openSecrets(target),
      requestTarget: verdict.ok
        ? { origin: verdict.url.origin, path: `${verdict.url.pathname}${verdict.url.search}` }
        : null,
    };
    this.prepared.set(target, prepared);
    return prepared;
  }

  private openSecrets({ environmentId, webhookId, secrets }: Target): OpenedSecret[] | null {
    try {
      return secrets.map((secret) => ({
        text: this.vault.open(
          { keyId: secret.key_id, ciphertext: Buffer.from(secret.ciphertext, 'base64') },
          { environmentId, webhookId, secretId: secret.id },
        ),
        expiresAtMs: secret.expires_at_ms ?? Infinity,
      }));
    } catch {
      return null;
    }
  }
}

function recordedHeaders({ headers }: Answer): Record<string, string> {
  const recorded: Record<string, string> = {};
  for (const name of RECORDED_RESPONSE_HEADERS) {
    const value: string | string[] | undefined = headers[name];
    if (value !== undefined) recorded[name] = [value].flat().join(', ').slice(0, RECORDED_HEADER_LENGTH);
  }
  return recorded;
}
