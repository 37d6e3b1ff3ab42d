import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiCount, ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import { ENDPOINT_STATE } from '../../webhooks/dto/list-webhooks.query.js';
import type { EndpointState } from '../../webhooks/endpoint-state.js';
import { ATTEMPT_ERROR } from './attempt.dto.js';
import type { HealthRow } from '../queue/read-health.js';

@ApiSchema({ name: 'WebhookFailure' })
export class WebhookFailureDto {
  @ApiTimestamp({ description: 'When the attempt began.' })
  at: string;

  @ApiProperty({
    ...ATTEMPT_ERROR,
    nullable: true,
    description: 'Why there was no answer; null when there was one.',
    example: null,
  })
  error: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'The status of the answer.', example: 503 })
  status: number | null;

  @ApiUuid({ description: 'The delivery. `GET /delivery/{id}` has the whole attempt.' })
  delivery_id: string;
}

@ApiSchema({ name: 'WebhookHealth' })
export class WebhookHealthDto {
  @ApiProperty({ ...ENDPOINT_STATE, description: 'How its endpoint is doing.', example: 'down' })
  state: EndpointState;

  @ApiTimestamp({ description: 'Since when it is in this state.' })
  since: string;

  @ApiTimestamp({ nullable: true, description: 'When the pause ends; null unless it is `paused`.', example: null })
  paused_until: string | null;

  @ApiTimestamp({
    nullable: true,
    description: 'From when on the next delivery is sent to find out whether it is up again; null unless it is `down`.',
  })
  next_probe_at: string | null;

  @ApiCount({
    description: 'Deliveries that are not finished. Above 50,000 it may be some seconds old, or less than there are.',
    example: 42,
  })
  waiting: number;

  @ApiTimestamp({ nullable: true, description: 'When it last took a delivery; null: none that is still logged.' })
  last_success_at: string | null;

  @ApiProperty({
    type: WebhookFailureDto,
    nullable: true,
    description: 'The last attempt that failed; null: none since the webhook was made, changed or started afresh.',
  })
  last_failure: WebhookFailureDto | null;

  static of(row: HealthRow, waiting: number): WebhookHealthDto {
    return {
      state: row.state,
      since: row.since.toISOString(),
      paused_until: row.paused_until?.toISOString() ?? null,
      next_probe_at: row.next_probe_at?.toISOString() ?? null,
      waiting,
      last_success_at: row.last_success_at?.toISOString() ?? null,
      last_failure: row.last_failure_at && {
        at: row.last_failure_at.toISOString(),
        error: row.last_failure_error,
        status: row.last_failure_status,
        delivery_id: row.last_failure_delivery_id!,
      },
    };
  }
}
