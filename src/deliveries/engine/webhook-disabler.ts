import { Injectable, Logger } from '@nestjs/common';
import { WebhooksService } from '../../webhooks/webhooks.service.js';
import type { Target } from '../delivery.types.js';
import type { HealthState } from './endpoint-health.js';
import { EndpointStates } from './endpoint-states.js';

/**
 * Makes webhooks inactive whose endpoint is gone (410) or has failed for days. It may wait for the lock on the
 * webhook's row, so results of other webhooks do not wait for it. It works one at a time, on one connection.
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

  /** Never rejects. After a failure, the next failed attempt asks again. */
  disable(target: Target, reason: 'gone' | 'failing', from: HealthState): Promise<void> {
    const { webhookId } = target;
    const known = this.waiting.get(webhookId);
    if (known) return known;
    const work = this.last.then(() => this.write(target, reason, from)).finally(() => this.waiting.delete(webhookId));
    this.waiting.set(webhookId, work);
    this.last = work;
    return work;
  }

  private async write({ webhookId, revision }: Target, reason: 'gone' | 'failing', from: HealthState): Promise<void> {
    try {
      if (!(await this.webhooks.disable(webhookId, revision, reason))) return;
      this.states.changed({ webhookId, from, to: `disabled_${reason}` });
    } catch (error) {
      this.logger.error({ msg: 'webhook could not be made inactive', webhook_id: webhookId, reason, err: error });
    }
  }
}
