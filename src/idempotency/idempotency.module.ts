import { Module } from '@nestjs/common';
import { IdempotencyKeyTrimmer } from './idempotency-key-trimmer.js';

/** The keys are claimed inside the statements of those who take them; here is what forgets them. */
@Module({ providers: [IdempotencyKeyTrimmer] })
export class IdempotencyModule {}
