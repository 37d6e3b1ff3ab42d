import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Public } from '../auth/access.decorators.js';
import { Metrics } from '../metrics/metrics.js';
import { processMetrics } from '../metrics/process-metrics.js';

@ApiTags('Health')
@Controller('metrics')
export class MetricsController {
  private readonly process = processMetrics();

  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Public()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({
    operationId: 'getMetrics',
    summary: 'Get Metrics',
    description:
      'In the text format of Prometheus. Each replica is scraped for itself; what is shared by all of them, such as ' +
      'the depth of the queue, each of them tells. docs/metrics.md lists them.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'The metrics.' })
  async list(): Promise<string> {
    const own = await this.metrics.render();
    return own + (await this.process.metrics());
  }
}
