import { Injectable, Logger } from '@nestjs/common';
import { WebhooksService } from '../../webhooks/webhooks.service.js';
import type { Target } from '../delivery.types.js';
import type { EndpointState } from './endpoint-health.js';
import { EndpointStates } from './endpoint-states.js';

/**
 * Makes webhooks inactive whose endpoint is gone (410) or has failed for days. Results of other webhooks do not wait for
 * it: it needs the webhook's row, which somebody may be changing. One at a time, so that many endpoints that end at once
 * take one connection.
 */
@Injectable()
export class WebhookDisabler {
  private readonly logger = new Logger(WebhookDisabler.name);
  private readonly waiting = new Map<string, Promise<void>>();
  private last = Promise.resolve();

  constructor(
    private readonly webhooks: WebhooksService,
    private readonly states: EndpointStates,
  ) {}

  /** Resolves when it is done or has failed; never rejects. Another failed attempt asks again. */
  disable(target: Target, reason: 'gone' | 'failing', from: EndpointState): Promise<void> {
    const { webhookId } = target;
    const known = this.waiting.get(webhookId);
    if (known) return known;
    const work = this.last.then(() => this.write(target, reason, from)).finally(() => this.waiting.delete(webhookId));
    this.waiting.set(webhookId, work);
    this.last = work;
    return work;
  }

  /** Does not wait until other replicas know: nobody is being answered. */
  private async write({ webhookId, revision }: Target, reason: 'gone' | 'failing', from: EndpointState): Promise<void> {
    try {
      const settle = await this.webhooks.disable(webhookId, revision, reason);
      if (!settle) return;
      this.states.changed({ webhookId, from, to: `disabled_${reason}` });
      settle().catch((error: unknown) => {
        this.logger.error({ msg: 'what waits for the webhook is canceled later', webhook_id: webhookId, err: error });
      });
    } catch (error) {
      this.logger.error({ msg: 'webhook could not be made inactive', webhook_id: webhookId, reason, err: error });
    }
  }
}
