import { Body, Controller, Delete, Get, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../auth/access.decorators.js';
import { CurrentPrincipal } from '../auth/current-principal.decorator.js';
import { actorOf, type Principal } from '../auth/principal.js';
import { ApiErrors } from '../common/api-errors.js';
import { Creates } from '../common/creates.js';
import { DeletedDto } from '../common/deleted.dto.js';
import { ApiPage, PageDto } from '../common/page.js';
import { UuidParam } from '../common/uuid-param.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import {
  ApiTokenDto,
  CreateApiTokenDto,
  CreatedApiTokenDto,
  ListApiTokensQuery,
  toApiTokenDto,
} from './api-token.dto.js';
import { ApiTokensService } from './api-tokens.service.js';

@ApiTags('Administration')
@Controller('api-token')
export class ApiTokensController {
  constructor(private readonly tokens: ApiTokensService) {}

  @Post()
  @AdminOnly()
  @Creates(CreatedApiTokenDto, '/api-token')
  @ApiErrors('ENVIRONMENT_NOT_FOUND')
  @ApiOperation({ summary: 'Create an API token', description: 'The answer alone carries `token`: keep it.' })
  async create(@Body() body: CreateApiTokenDto, @CurrentPrincipal() principal: Principal): Promise<CreatedApiTokenDto> {
    const { token, text } = await this.tokens.create(body, actorOf(principal));
    return Object.assign(toApiTokenDto(token), { token: text });
  }

  @Get()
  @AdminOnly()
  @ApiPage(ApiTokenDto)
  @ApiOperation({
    summary: 'List API tokens',
    description: 'Those of every environment, or of one. Revoked ones are gone.',
  })
  list(@Query() query: ListApiTokensQuery, @CurrentReader() reader: Reader): Promise<PageDto<ApiTokenDto>> {
    return this.tokens.list(query, reader);
  }

  @Get(':id')
  @AdminOnly()
  @ApiOperation({ summary: 'Get an API token', description: 'What it may do, until when, and when it was last used.' })
  @ApiOkResponse({ type: ApiTokenDto, description: 'The API token, without `token`.' })
  async get(@UuidParam('API_TOKEN_NOT_FOUND') id: string): Promise<ApiTokenDto> {
    return toApiTokenDto(await this.tokens.get(id));
  }

  @Delete(':id')
  @AdminOnly()
  @ApiOperation({ summary: 'Revoke an API token', description: 'Within a second every replica refuses it.' })
  @ApiOkResponse({ type: DeletedDto, description: 'Revoked.' })
  async delete(
    @UuidParam('API_TOKEN_NOT_FOUND') id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DeletedDto> {
    await this.tokens.delete(id, actorOf(principal));
    return { id };
  }
}
