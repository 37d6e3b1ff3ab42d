import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Public } from '../auth/access.decorators.js';
import type { MetricSnapshot } from '../common/metric-snapshot.js';
import { Config } from '../config/config.js';
import { Metrics } from '../metrics/metrics.js';
import { processMetrics } from '../metrics/process-metrics.js';
import { Siblings } from '../workers/siblings.js';

@ApiTags('Health')
@Controller('metrics')
export class MetricsController {
  private readonly process = processMetrics();

  constructor(
    private readonly metrics: Metrics,
    private readonly siblings: Siblings,
    config: Config,
  ) {
    metrics.gauge('workers', {}, () => 1);
    metrics.gauge('workersWanted', {}, () => config.workers);
    siblings.onQuestion('metrics', () => this.snapshot({ isAsked: false }));
  }

  @Get()
  @Public()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({
    operationId: 'getMetrics',
    summary: 'Get Metrics',
    description:
      'In the text format of Prometheus. Each replica is scraped for itself, with all its workers; what is shared by ' +
      'all replicas, such as the depth of the queue, each of them tells. docs/metrics.md lists them.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'The metrics.' })
  async list(): Promise<string> {
    if (!this.siblings.exist) return (await this.metrics.render()) + (await this.process.metrics());
    const own = await this.snapshot({ isAsked: true });
    const others = (await this.siblings.ask('metrics', own)) as MetricSnapshot[][];
    return Metrics.renderAll([own, ...others]);
  }

  private async snapshot(options: { isAsked: boolean }): Promise<MetricSnapshot[]> {
    const ofProcess = (await this.process.getMetricsAsJSON()) as unknown as MetricSnapshot[];
    return [...(await this.metrics.snapshot(options)), ...ofProcess];
  }
}
