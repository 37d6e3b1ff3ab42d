import { Module } from '@nestjs/common';
import { IdempotencyKeyTrimmer } from './idempotency-key-trimmer.js';

/** Only forgets keys: the statements that use them claim them. */
@Module({ providers: [IdempotencyKeyTrimmer] })
export class IdempotencyModule {}
