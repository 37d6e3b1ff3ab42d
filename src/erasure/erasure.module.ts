import { Module } from '@nestjs/common';
import { EnvironmentEraser } from './environment-eraser.js';

@Module({ providers: [EnvironmentEraser] })
export class ErasureModule {}
