import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { MayBeAbsent } from '../../openapi/property-rules.js';

/** A day, and a week. */
const OVERLAP_SECONDS = 86_400;
const OVERLAP_MAX_SECONDS = 604_800;
const MESSAGE = { message: `must be a whole number of seconds from 0 to ${OVERLAP_MAX_SECONDS}` };

@ApiSchema({ name: 'RotateSecret' })
export class RotateSecretDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: OVERLAP_MAX_SECONDS,
    description: `How long the older secrets stay good beside the new one. 0 ends them at once. When absent: ${OVERLAP_SECONDS}, a day.`,
  })
  @MayBeAbsent()
  @IsInt(MESSAGE)
  @Min(0, MESSAGE)
  @Max(OVERLAP_MAX_SECONDS, MESSAGE)
  overlap_seconds: number = OVERLAP_SECONDS;
}
