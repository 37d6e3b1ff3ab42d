import type { Context } from '../context.js';
import type { Result } from '../report/result.js';

/** Some scenarios say in a note that they need a server. */
export type Scenario = (context: Context) => Promise<Result[]>;
