import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';

const app = await NestFactory.create<NestExpressApplication>(AppModule, { rawBody: true });
// Above the limit Nest answers 413; its default of 100 kB is less than an event can have.
app.useBodyParser('json', { limit: '1mb' });
await app.listen(process.env['PORT'] ?? 4000);
