export { Tidings } from './client.js';
export * from './errors.js';
export type { RequestOptions, TidingsOptions } from './options.js';
export type { PageList } from './page-list.js';
export type * from './resources.js';
export type * from './types.js';
export type { VerificationMistake } from './verification-mistake.js';
export * from './verify-webhook.js';
