import { Body, Controller, Delete, Get, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../auth/access.decorators.js';
import { CurrentPrincipal } from '../auth/current-principal.decorator.js';
import { actorOf, type Principal } from '../auth/principal.js';
import { ApiErrors } from '../openapi/api-errors.js';
import { Creates } from '../openapi/creates.js';
import { DeletedDto } from '../openapi/dto/deleted.dto.js';
import { ApiPage, PageDto } from '../reads/page.js';
import { UuidParam } from '../openapi/uuid-param.js';
import { CurrentReader } from '../reads/current-reader.decorator.js';
import type { Reader } from '../reads/read-turns.js';
import {
  API_TOKEN_ORDERS,
  ApiTokenDto,
  CreateApiTokenDto,
  CreatedApiTokenDto,
  ListApiTokensQuery,
  toApiTokenDto,
} from './dto/api-token.dto.js';
import { ApiTokensService } from './api-tokens.service.js';

@ApiTags('Administration')
@Controller('api-token')
export class ApiTokensController {
  constructor(private readonly tokens: ApiTokensService) {}

  @Post()
  @AdminOnly()
  @Creates(CreatedApiTokenDto, '/api-token')
  @ApiBody({ type: CreateApiTokenDto, examples: API_TOKEN_ORDERS })
  @ApiErrors('ENVIRONMENT_NOT_FOUND', 'WEBHOOK_NOT_FOUND')
  @ApiOperation({ summary: 'Create API Token', description: 'The answer alone carries `token`: keep it.' })
  async create(@Body() body: CreateApiTokenDto, @CurrentPrincipal() principal: Principal): Promise<CreatedApiTokenDto> {
    const { token, text } = await this.tokens.create(body, actorOf(principal));
    return Object.assign(toApiTokenDto(token), { token: text });
  }

  @Get()
  @AdminOnly()
  @ApiPage(ApiTokenDto)
  @ApiOperation({
    summary: 'List API Tokens',
    description: 'Those of every environment, or of one. Revoked ones are gone.',
  })
  list(@Query() query: ListApiTokensQuery, @CurrentReader() reader: Reader): Promise<PageDto<ApiTokenDto>> {
    return this.tokens.list(query, reader);
  }

  @Get(':id')
  @AdminOnly()
  @ApiOperation({ summary: 'Get API Token', description: 'What it may do, until when, and when it was last used.' })
  @ApiOkResponse({ type: ApiTokenDto, description: 'The API token, without `token`.' })
  async get(@UuidParam('API_TOKEN_NOT_FOUND') id: string): Promise<ApiTokenDto> {
    return toApiTokenDto(await this.tokens.get(id));
  }

  @Delete(':id')
  @AdminOnly()
  @ApiOperation({ summary: 'Revoke API Token', description: 'Within a second every replica refuses it.' })
  @ApiOkResponse({ type: DeletedDto, description: 'Revoked.' })
  async delete(
    @UuidParam('API_TOKEN_NOT_FOUND') id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DeletedDto> {
    await this.tokens.delete(id, actorOf(principal));
    return { id };
  }
}
