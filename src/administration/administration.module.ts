import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiToken } from '../auth/api-token.entity.js';
import { AuthModule } from '../auth/auth.module.js';
import { Environment } from '../auth/environment.entity.js';
import { ReadsModule } from '../reads/reads.module.js';
import { ApiTokensController } from './api-tokens.controller.js';
import { ApiTokensService } from './api-tokens.service.js';
import { EnvironmentsController } from './environments.controller.js';
import { EnvironmentsService } from './environments.service.js';
import { FirstEnvironmentMaker } from './first-environment-maker.js';
import { MeController } from './me.controller.js';

@Module({
  imports: [AuthModule, ReadsModule, TypeOrmModule.forFeature([ApiToken, Environment])],
  controllers: [EnvironmentsController, ApiTokensController, MeController],
  providers: [ApiTokensService, EnvironmentsService, FirstEnvironmentMaker],
})
export class AdministrationModule {}
