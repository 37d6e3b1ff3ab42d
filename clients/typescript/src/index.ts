export * from './verify-webhook.js';
export type * from './types.js';
