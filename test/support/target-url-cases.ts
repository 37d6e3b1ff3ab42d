import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A target URL and what the production policy makes of it. */
export interface TargetUrlCase {
  url: string;
  /** What its name stands for. */
  resolves_to?: string | string[];
  verdict: 'allow' | 'reject-at-create' | 'reject-at-connect';
  why: string;
}

export const TARGET_URL_CASES = JSON.parse(
  readFileSync(join(import.meta.dirname, 'target-urls.json'), 'utf8'),
) as readonly TargetUrlCase[];
