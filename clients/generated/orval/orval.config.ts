import { defineConfig } from 'orval';

export default defineConfig({
  tidings: {
    input: '../../../openapi.json',
    output: {
      target: 'client/tidings.ts',
      client: 'fetch',
      // Without it `Idempotency-Key` is left out.
      headers: true,
      override: { mutator: { path: './request.ts', name: 'request', extension: '.js' } },
    },
  },
});
