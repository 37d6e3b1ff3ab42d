import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp, ApiUuid } from '../../../common/api-property.js';
import { namedEnum } from '../../../common/named-enum.js';
import { DISABLED_REASONS, type DisabledReason } from '../../../webhooks/entities/webhook.entity.js';
import { STATS_WINDOWS, type StatsWindow } from '../stats-window.js';

/** What both operations say of their answer. */
export const STATS_DESCRIPTION =
  'Counts are exact and up to date, except for `pending` where `is_pending_estimated` says so. Deliveries are counted ' +
  'when they end, by what they ended as, test deliveries included; `pending` alone is what is owed now.';

const COUNT = { type: 'integer', minimum: 0 } as const;
const LATENCY = { type: 'integer', minimum: 0, nullable: true } as const;

@ApiSchema({ name: 'StatsTotals' })
export class StatsTotalsDto {
  @ApiProperty({ ...COUNT, description: 'Deliveries that are pending now, whenever they were created.', example: 3 })
  pending: number;

  @ApiProperty({ ...COUNT, description: 'Deliveries that succeeded in the window.', example: 1204 })
  succeeded: number;

  @ApiProperty({
    ...COUNT,
    description: 'Deliveries that failed in the window, with their schedule spent.',
    example: 7,
  })
  failed: number;

  @ApiProperty({ ...COUNT, description: 'Deliveries that were canceled in the window.', example: 0 })
  canceled: number;

  @ApiProperty({ ...COUNT, description: 'Attempts that ended in the window, whatever they came to.', example: 1260 })
  attempts: number;
}

@ApiSchema({ name: 'StatsLatency' })
export class StatsLatencyDto {
  @ApiProperty({ ...LATENCY, example: 38 })
  p50: number | null;

  @ApiProperty({ ...LATENCY, example: 122 })
  p95: number | null;

  @ApiProperty({ ...LATENCY, example: 410 })
  p99: number | null;
}

@ApiSchema({ name: 'StatsBucket' })
export class StatsBucketDto {
  @ApiTimestamp({ description: 'Where it begins.' })
  at: string;

  @ApiProperty({ ...COUNT, example: 51 })
  succeeded: number;

  @ApiProperty({ ...COUNT, example: 1 })
  failed: number;

  @ApiProperty({ ...COUNT, example: 0 })
  canceled: number;

  @ApiProperty({ ...LATENCY, description: 'Of the attempts that ended in it; null: there were none.', example: 36 })
  p50_ms: number | null;

  @ApiProperty({ ...LATENCY, description: 'Likewise.', example: 118 })
  p95_ms: number | null;
}

export const STATS_WINDOW = namedEnum('StatsWindow', STATS_WINDOWS, 'How far statistics look back.');
const WINDOW = { ...STATS_WINDOW, example: '24h' };
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
  @ApiUuid({ example: '05daecaf-4365-42e8-8370-8127de5dd717' })
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
  @ApiUuid({ example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' })
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
    ...namedEnum(
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

/** What the statistics of a webhook and those of an environment share. */
export type StatsDto = Omit<EnvironmentStatsDto, 'environment_id'>;
