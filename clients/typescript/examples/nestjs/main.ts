import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express from 'express';
import { AppModule } from './app.module.js';

// Nest's own parsers run before every guard: they would tell a stranger what is wrong with the body.
const app = await NestFactory.create<NestExpressApplication>(AppModule, { bodyParser: false });
// The raw body, of JSON alone. Above the limit Nest answers 413; the default of 100 kB is less than an event can have.
// If you have other routes, their parser comes after it: app.useBodyParser('json').
app.use('/webhooks', express.raw({ type: 'application/json', limit: '1mb' }));
const port = process.env['PORT'] ?? 4000;
await app.listen(port);
console.log(`listening on http://localhost:${port}/webhooks`);
