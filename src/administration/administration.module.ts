import { Module } from '@nestjs/common';
import { ApiTokensController } from './api-tokens.controller.js';
import { ApiTokensService } from './api-tokens.service.js';
import { EnvironmentsController } from './environments.controller.js';
import { EnvironmentsService } from './environments.service.js';
import { FirstEnvironmentMaker } from './first-environment-maker.js';
import { MeController } from './me.controller.js';

@Module({
  controllers: [EnvironmentsController, ApiTokensController, MeController],
  providers: [ApiTokensService, EnvironmentsService, FirstEnvironmentMaker],
})
export class AdministrationModule {}
