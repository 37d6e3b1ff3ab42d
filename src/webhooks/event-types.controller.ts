import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AnyToken } from '../auth/access.decorators.js';
import { allEventTypes, EventTypeListDto } from './dto/event-type.dto.js';

@ApiTags('Webhooks')
@Controller('event-type')
export class EventTypesController {
  @Get()
  @AnyToken()
  @ApiOperation({ summary: 'List Event Types', description: 'Each with its meaning and an example payload.' })
  @ApiOkResponse({ type: EventTypeListDto, description: 'All event types, in the documented order.' })
  list(): EventTypeListDto {
    return allEventTypes();
  }
}
