import { serve } from './helper-process.js';
import { type Noise, type NoiseReport, NoiseRun } from './noise-run.js';

export interface NoiseProcedures {
  make: (noise: Noise & { port: number; seconds: number }) => Promise<NoiseReport>;
}

serve<NoiseProcedures>({
  make: ({ port, seconds, ...noise }) => new NoiseRun(port, noise).make(seconds),
});
