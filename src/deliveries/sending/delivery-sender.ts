import { Injectable } from '@nestjs/common';
import { uuidV7 } from '../../common/uuid-v7.js';
import { VERSION } from '../../common/version.js';
import { Config } from '../../config/config.js';
import { classifyFailure } from '../../egress/attempt-error.js';
import { GuardedAgent } from '../../egress/guarded-agent.js';
import { readBodyPrefix } from '../../egress/response-body.js';
import { checkTargetUrl, targetPolicyOf, type TargetPolicy } from '../../egress/target-url-policy.js';
import { SecretVault } from '../../webhooks/secret-vault.js';
import type { AttemptError, AttemptRecord, LeasedDelivery } from '../delivery.types.js';
import { envelopeOf, signedHeaders, type SigningOptions } from './outgoing-request.js';

/** What a receiver's answer may tell beyond its status and the start of its body. */
const RECORDED_RESPONSE_HEADERS = ['content-type', 'retry-after'] as const;

/** Makes one attempt for a delivery: signs, sends through the guarded agent, and reports what came back. */
@Injectable()
export class DeliverySender {
  private readonly policy: TargetPolicy;
  private readonly signing: SigningOptions;

  constructor(
    private readonly config: Config,
    private readonly agent: GuardedAgent,
    private readonly vault: SecretVault,
  ) {
    this.policy = targetPolicyOf(config);
    this.signing = {
      userAgent: `Tidings/${VERSION}`,
      signatureHeader: config.signatureHeader,
      signatureEncoding: config.signatureEncoding,
    };
  }

  /** Never throws: whatever happens, there is an attempt to log. */
  async send(delivery: LeasedDelivery): Promise<AttemptRecord> {
    const startedAt = new Date();
    const start = performance.now();
    const request = { url: delivery.target.targetUrl, headers: {} as Record<string, string> };
    const end = (response: AttemptRecord['response'], error: AttemptError | null): AttemptRecord => ({
      id: uuidV7(startedAt.getTime()),
      startedAt,
      durationMs: Math.round(performance.now() - start),
      outcome: response && response.status >= 200 && response.status <= 299 ? 'succeeded' : 'failed',
      error,
      request,
      response,
    });

    if (!delivery.event) return end(null, 'payload_unavailable');
    const secrets = this.openSecrets(delivery);
    if (!secrets) return end(null, 'secret_unavailable');
    const target = checkTargetUrl(request.url, this.policy);
    if (!target.ok) return end(null, 'blocked_address');

    const body = envelopeOf(delivery.event, delivery.target.environmentId, delivery.target.webhookId);
    request.headers = signedHeaders(body, delivery.event.id, secrets, startedAt, this.signing);
    try {
      // One deadline for the whole exchange: endless 1xx answers and dripped bytes reset every idle timer.
      const signal = AbortSignal.timeout(this.config.attemptTimeoutMs);
      const response = await this.agent.request(target.url, { method: 'POST', headers: request.headers, body, signal });
      const { text, truncated } = await readBodyPrefix(response.body);
      const headers = Object.fromEntries(
        RECORDED_RESPONSE_HEADERS.flatMap((name) => {
          const value = response.headers[name];
          return value === undefined ? [] : [[name, value]];
        }),
      );
      return end({ status: response.status, headers, body: text, bodyTruncated: truncated }, null);
    } catch (error) {
      return end(null, classifyFailure(error));
    }
  }

  private openSecrets({ target }: LeasedDelivery): string[] | null {
    try {
      const secrets = target.secrets.map((secret) =>
        this.vault.open(
          { keyId: secret.key_id, ciphertext: Buffer.from(secret.ciphertext, 'base64') },
          { environmentId: target.environmentId, webhookId: target.webhookId, secretId: secret.id },
        ),
      );
      return secrets.length > 0 ? secrets : null;
    } catch {
      return null;
    }
  }
}
