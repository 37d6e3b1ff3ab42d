import { Injectable } from '@nestjs/common';
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricSnapshot } from '../common/metric-snapshot.js';
import { VERSION } from '../common/version.js';
import {
  type CounterKey,
  type GaugeKey,
  type HistogramKey,
  type LabelsOf,
  type Metric,
  METRICS,
  seriesOf,
} from './metric-table.js';

export interface Count {
  inc(by?: number): void;
}

export interface Distribution {
  observe(seconds: number): void;
}

interface Reading {
  gauge: Gauge;
  labels: Record<string, string>;
  read: () => number | null;
}

/**
 * The metrics of this replica. Code that counts keeps its series: the labels are checked once, and counting is only an
 * addition.
 */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private readonly counters = new Map<string, Counter>();
  private readonly gauges = new Map<string, Gauge>();
  private readonly histograms = new Map<string, Histogram>();
  private readonly readings: Reading[] = [];
  private readonly refreshers: (() => Promise<void>)[] = [];

  constructor() {
    for (const [key, metric] of Object.entries<Metric>(METRICS)) this.declare(key, metric);
    this.gauge('buildInfo', { version: VERSION }, () => 1);
  }

  counter<K extends CounterKey>(key: K, labels: LabelsOf<K>): Count {
    return this.counters.get(key)!.labels(labels);
  }

  histogram<K extends HistogramKey>(key: K, labels: LabelsOf<K>): Distribution {
    return this.histograms.get(key)!.labels(labels);
  }

  /** @param read called at each scrape; null: the series is absent from it. */
  gauge<K extends GaugeKey>(key: K, labels: LabelsOf<K>, read: () => number | null): void {
    this.readings.push({ gauge: this.gauges.get(key)!, labels, read });
  }

  /** @param refresh awaited before the gauges are read. It must limit its own time and never reject. */
  beforeRead(refresh: () => Promise<void>): void {
    this.refreshers.push(refresh);
  }

  /** Text format of Prometheus, version 0.0.4. */
  async render(): Promise<string> {
    await this.read();
    return this.registry.metrics();
  }

  /**
   * For another worker, or to be added to theirs.
   *
   * @param isAsked false: without what is not of this worker, which is told by the one that is asked.
   */
  async snapshot({ isAsked }: { isAsked: boolean }): Promise<MetricSnapshot[]> {
    if (isAsked) await this.read();
    else this.readGauges();
    const metrics = (await this.registry.getMetricsAsJSON()) as unknown as MetricSnapshot[];
    return isAsked ? metrics : metrics.filter(({ aggregator }) => aggregator !== 'first');
  }

  /** @param snapshots that of the worker that is asked first. */
  static renderAll(snapshots: readonly MetricSnapshot[][]): Promise<string> {
    return AggregatorRegistry.aggregate([...snapshots]).metrics();
  }

  private async read(): Promise<void> {
    await Promise.all(this.refreshers.map((refresh) => refresh()));
    this.readGauges();
  }

  private readGauges(): void {
    for (const { gauge, labels, read } of this.readings) {
      const value = read();
      if (value === null) gauge.remove(labels);
      else gauge.set(labels, value);
    }
  }

  /** Each series known from the table starts at 0, so that a rate shows the first count as an increase. */
  private declare(key: string, metric: Metric): void {
    const { type, name, help, labels = {}, buckets = [], aggregator } = metric;
    const options = { name, help, aggregator, labelNames: Object.keys(labels), registers: [this.registry] };
    const series = seriesOf(metric) ?? [];
    if (type === 'gauge') {
      const gauge = new Gauge(options);
      gauge.remove({});
      this.gauges.set(key, gauge);
    } else if (type === 'counter') {
      const counter = new Counter(options);
      for (const each of series) counter.inc(each, 0);
      this.counters.set(key, counter);
    } else {
      const histogram = new Histogram({ ...options, buckets: [...buckets] });
      for (const each of series) histogram.zero(each);
      this.histograms.set(key, histogram);
    }
  }
}
