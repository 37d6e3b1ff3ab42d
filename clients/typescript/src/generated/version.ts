// Generated from openapi.json: npm run client:generate

export const VERSION = '0.1.0';
