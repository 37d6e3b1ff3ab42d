import { resolve } from 'node:path';
import type { NextConfig } from 'next';

// The parent directory, because of the two files that the examples share, and because @tidings/client is linked.
const config: NextConfig = { turbopack: { root: resolve(import.meta.dirname, '../..') } };

export default config;
