import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions, ApiSchema } from '@nestjs/swagger';
import { ApiCount, ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import { growingEnum, namedEnum } from '../../openapi/named-enum.js';
import { DISABLED_REASONS, type DisabledReason } from '../../webhooks/webhook.entity.js';
import { STATS_WINDOWS, type StatsWindow } from '../stats-window.js';

export const STATS_DESCRIPTION =
  'Counts are exact and up to date, except for `pending` where `is_pending_estimated` says so. Deliveries are counted ' +
  'when they end, by what they ended as, test deliveries included; `pending` alone is what is owed now.';

const LATENCY = { type: 'integer', minimum: 0, nullable: true } as const;

@ApiSchema({ name: 'StatsTotals' })
export class StatsTotalsDto {
  @ApiCount({ description: 'Deliveries that are pending now, whenever they were created.', example: 3 })
  pending: number;

  @ApiCount({ description: 'Deliveries that succeeded in the window.', example: 1204 })
  succeeded: number;

  @ApiCount({
    description: 'Deliveries that failed in the window, with their schedule spent.',
    example: 7,
  })
  failed: number;

  @ApiCount({ description: 'Deliveries that were canceled in the window.', example: 0 })
  canceled: number;

  @ApiCount({ description: 'Attempts that ended in the window, whatever they came to.', example: 1260 })
  attempts: number;
}

@ApiSchema({ name: 'StatsLatency' })
export class StatsLatencyDto {
  @ApiProperty({ ...LATENCY, description: 'Half of the attempts took no longer.', example: 38 })
  p50: number | null;

  @ApiProperty({ ...LATENCY, description: '95 % of the attempts took no longer.', example: 122 })
  p95: number | null;

  @ApiProperty({ ...LATENCY, description: '99 % of the attempts took no longer.', example: 410 })
  p99: number | null;
}

@ApiSchema({ name: 'StatsBucket' })
export class StatsBucketDto {
  @ApiTimestamp({ description: 'Where it begins.' })
  at: string;

  @ApiCount({ description: 'Deliveries that succeeded in it.', example: 51 })
  succeeded: number;

  @ApiCount({ description: 'Deliveries that failed in it.', example: 1 })
  failed: number;

  @ApiCount({ description: 'Deliveries that were canceled in it.', example: 0 })
  canceled: number;

  @ApiProperty({
    ...LATENCY,
    description: 'How many milliseconds half of the attempts that ended in it took at most; null: there were none.',
    example: 36,
  })
  p50_ms: number | null;

  @ApiProperty({ ...LATENCY, description: 'The same of 95 % of them.', example: 118 })
  p95_ms: number | null;
}

export const STATS_WINDOW = namedEnum('StatsWindow', STATS_WINDOWS, 'How far statistics look back.');
const WINDOW = { ...STATS_WINDOW, description: 'How far back they look.', example: '24h' };
const FROM = { description: 'Where the first bucket begins: the window is up to one bucket longer than its name.' };
const TO = { description: 'The time of this answer.', example: '2021-08-11T10:24:03.117Z' };
const TOTALS = {
  type: StatsTotalsDto,
  description: 'A delivery that is sent again is pending, and no longer counted where it had ended.',
};
const IS_PENDING_ESTIMATED = {
  description:
    'There only where `totals.pending` is not exact: there are more than 50,000, which are not counted for each answer. The ' +
    'number is from some seconds before, or, while they are counted for the first time, how many there are at least.',
  example: true,
};
const SUCCESS_RATE = {
  type: 'number',
  minimum: 0,
  maximum: 1,
  nullable: true,
  description: 'Of the deliveries that succeeded or failed in the window, the share that succeeded; null: none did.',
  example: 0.9942,
} as const;
const LATENCY_MS = {
  type: StatsLatencyDto,
  description:
    'How many milliseconds attempts took: percentiles of those that ended in the window, within 5 %; null: none did.',
};
const BUCKETS: ApiPropertyOptions = {
  type: [StatsBucketDto],
  description:
    'Oldest first, without gaps: minutes in `1h`, hours in `24h` and `7d`, days in `30d`, all in UTC. The last one goes on.',
};

@ApiSchema({ name: 'EnvironmentStats' })
export class EnvironmentStatsDto {
  @ApiUuid({ description: 'The environment that they are of.', example: '05daecaf-4365-42e8-8370-8127de5dd717' })
  environment_id: string;

  @ApiProperty(WINDOW)
  window: StatsWindow;

  @ApiTimestamp(FROM)
  from: string;

  @ApiTimestamp(TO)
  to: string;

  @ApiProperty(TOTALS)
  totals: StatsTotalsDto;

  @ApiPropertyOptional(IS_PENDING_ESTIMATED)
  is_pending_estimated?: boolean;

  @ApiProperty(SUCCESS_RATE)
  success_rate: number | null;

  @ApiProperty(LATENCY_MS)
  latency_ms: StatsLatencyDto;

  @ApiProperty(BUCKETS)
  buckets: StatsBucketDto[];
}

@ApiSchema({ name: 'WebhookStats' })
export class WebhookStatsDto {
  @ApiUuid({ description: 'The webhook that they are of.', example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' })
  webhook_id: string;

  @ApiProperty(WINDOW)
  window: StatsWindow;

  @ApiTimestamp(FROM)
  from: string;

  @ApiTimestamp(TO)
  to: string;

  @ApiProperty({ description: 'Whether the webhook receives.', example: true })
  is_active: boolean;

  @ApiTimestamp({ nullable: true, description: 'Since when it does not; null while it does.', example: null })
  disabled_at: string | null;

  @ApiProperty({
    ...growingEnum(
      'DisabledReason',
      DISABLED_REASONS,
      'Why a webhook is inactive. `manual`: by request. `gone`: its endpoint answered 410. `failing`: nothing but failures ' +
        'for days.',
    ),
    nullable: true,
    description: 'Why it does not; null while it does.',
    example: null,
  })
  disabled_reason: DisabledReason | null;

  @ApiTimestamp({
    nullable: true,
    description: 'When the first attempt since the last success failed; null: the last attempt succeeded.',
    example: null,
  })
  failing_since: string | null;

  @ApiProperty(TOTALS)
  totals: StatsTotalsDto;

  @ApiPropertyOptional(IS_PENDING_ESTIMATED)
  is_pending_estimated?: boolean;

  @ApiProperty(SUCCESS_RATE)
  success_rate: number | null;

  @ApiProperty(LATENCY_MS)
  latency_ms: StatsLatencyDto;

  @ApiProperty(BUCKETS)
  buckets: StatsBucketDto[];
}

export type StatsDto = Omit<EnvironmentStatsDto, 'environment_id'>;
