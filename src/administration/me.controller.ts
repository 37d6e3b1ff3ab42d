import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AnyToken } from '../auth/access.decorators.js';
import { CurrentPrincipal } from '../auth/current-principal.decorator.js';
import type { Principal } from '../auth/principal.js';
import { MeDto, toMeDto } from './dto/me.dto.js';

@ApiTags('Administration')
@Controller('me')
export class MeController {
  @Get()
  @AnyToken()
  @ApiOperation({ summary: 'Get Token', description: 'Tells whose token the request carries, and what it may do.' })
  @ApiOkResponse({ type: MeDto, description: 'The sender of the request.' })
  get(@CurrentPrincipal() principal: Principal): MeDto {
    return toMeDto(principal);
  }
}
