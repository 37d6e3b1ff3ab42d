import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access.decorators.js';
import { LivenessDto, ReadinessDto } from './dto/health.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('Health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @Public()
  @ApiOperation({ summary: 'Get Liveness', description: 'Restart the process when this does not answer.' })
  @ApiOkResponse({ type: LivenessDto, description: 'It is.' })
  getLiveness(): LivenessDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({
    summary: 'Get Readiness',
    description: 'Take the process out of rotation, but leave it running, while this answers 503.',
  })
  @ApiOkResponse({ type: ReadinessDto, description: 'It serves, or waits for its database for a moment.' })
  @ApiServiceUnavailableResponse({ type: ReadinessDto, description: 'Not now: something it needs fails, or it stops.' })
  async getReadiness(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessDto> {
    const readiness = await this.health.readiness();
    if (readiness.status === 'unavailable') void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return readiness;
  }
}
