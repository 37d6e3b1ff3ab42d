import { Body, Controller, Delete, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../auth/access.decorators.js';
import { CurrentPrincipal } from '../auth/current-principal.decorator.js';
import { actorOf, type Principal } from '../auth/principal.js';
import { ApiErrors } from '../openapi/api-errors.js';
import { Creates } from '../openapi/creates.js';
import { DeletedDto } from '../openapi/dto/deleted.dto.js';
import { ApiPage, ListQuery, PageDto } from '../reads/page.js';
import { UuidParam } from '../openapi/uuid-param.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import { CreateEnvironmentDto, EnvironmentDto, UpdateEnvironmentDto, toEnvironmentDto } from './dto/environment.dto.js';
import { EnvironmentErasureDto, toEnvironmentErasureDto } from './dto/environment-erasure.dto.js';
import { EnvironmentsService } from './environments.service.js';

@ApiTags('Administration')
@Controller('environment')
export class EnvironmentsController {
  constructor(private readonly environments: EnvironmentsService) {}

  @Post()
  @AdminOnly()
  @Creates(EnvironmentDto, '/environment')
  @ApiErrors('ENVIRONMENT_NAME_TAKEN')
  @ApiOperation({ summary: 'Create Environment', description: 'Webhooks, events and API tokens belong to one.' })
  async create(@Body() body: CreateEnvironmentDto, @CurrentPrincipal() principal: Principal): Promise<EnvironmentDto> {
    return toEnvironmentDto(await this.environments.create(body, actorOf(principal)));
  }

  @Get()
  @AdminOnly()
  @ApiPage(EnvironmentDto)
  @ApiOperation({ summary: 'List Environments', description: 'Those that were not deleted.' })
  list(@Query() query: ListQuery, @CurrentReader() reader: Reader): Promise<PageDto<EnvironmentDto>> {
    return this.environments.list(query, reader);
  }

  @Get(':id')
  @AdminOnly()
  @ApiOperation({ summary: 'Get Environment', description: 'Its name, and when it was made and changed.' })
  @ApiOkResponse({ type: EnvironmentDto, description: 'The environment.' })
  async get(@UuidParam('ENVIRONMENT_NOT_FOUND') id: string): Promise<EnvironmentDto> {
    return toEnvironmentDto(await this.environments.get(id));
  }

  @Patch(':id')
  @AdminOnly()
  @ApiErrors('ENVIRONMENT_NAME_TAKEN')
  @ApiOperation({
    summary: 'Update Environment',
    description: 'Gives it another name. Its id, and all that it owns, stay.',
  })
  @ApiOkResponse({ type: EnvironmentDto, description: 'The environment as it is now.' })
  async update(
    @UuidParam('ENVIRONMENT_NOT_FOUND') id: string,
    @Body() body: UpdateEnvironmentDto,
    @CurrentPrincipal() principal: Principal,
  ): Promise<EnvironmentDto> {
    return toEnvironmentDto(await this.environments.update(id, body, actorOf(principal)));
  }

  @Delete(':id')
  @AdminOnly()
  @ApiOperation({
    summary: 'Delete Environment',
    description:
      'With its API tokens and webhooks. Deliveries that wait are canceled. All its data is removed in the background ' +
      'from then on; the audit trail stays.',
  })
  @ApiOkResponse({ type: DeletedDto, description: 'Deleted.' })
  async delete(
    @UuidParam('ENVIRONMENT_NOT_FOUND') id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DeletedDto> {
    await this.environments.delete(id, actorOf(principal));
    return { id };
  }

  @Get(':id/erasure')
  @AdminOnly()
  @ApiOperation({
    summary: 'Get Environment Erasure',
    description: 'Only of an environment that was deleted. It begins at once and takes a minute at least.',
  })
  @ApiOkResponse({ type: EnvironmentErasureDto, description: 'The removal of its data.' })
  async getErasure(@UuidParam('ENVIRONMENT_NOT_FOUND') id: string): Promise<EnvironmentErasureDto> {
    return toEnvironmentErasureDto(await this.environments.getErasure(id));
  }
}
