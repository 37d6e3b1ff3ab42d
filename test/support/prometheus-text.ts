export interface MetricFamily {
  type: string;
  help: string;
  samples: Sample[];
}

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL},)*(?:${LABEL})?)\\})? (\\S+)$`);
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/i;
const TYPES = ['counter', 'gauge', 'histogram', 'summary'];
const SUFFIXES: Record<string, string[]> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * Reads the text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats), and is stricter
 * than scrapers are: each metric once, with HELP and TYPE before its samples, no series twice, whole histograms.
 */
export function parsePrometheusText(text: string): Map<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, MetricFamily>();
  const series = new Set<string>();
  let help: string[] | null = null;
  let current: { name: string; family: MetricFamily } | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (families.has(name)) throw new Error(`metric twice: ${name}`);
      help = [name, rest];
    } else if (keyword === 'TYPE') {
      if (help?.[0] !== name || !TYPES.includes(rest)) throw new Error(`out of place or unknown: ${line}`);
      const family = { type: rest, help: help[1]!, samples: [] };
      current = { name, family };
      families.set(name, family);
    } else {
      if (!current) throw new Error(`sample before its TYPE: ${line}`);
      const sample = parseSample(line);
      const { name: base, family } = current;
      if (!SUFFIXES[family.type]!.some((suffix) => sample.name === base + suffix)) {
        throw new Error(`not a sample of ${base}: ${line}`);
      }
      const key = seriesKey(sample.name, sample.labels);
      if (series.has(key)) throw new Error(`series twice: ${key}`);
      series.add(key);
      family.samples.push(sample);
    }
  }
  for (const [name, { type, samples }] of families) if (type === 'histogram') checkHistogram(name, samples);
  return families;
}

/** Every sample by its series, such as `up{a="1"}`, labels in the order of their names. */
export function valuesOf(families: ReadonlyMap<string, MetricFamily>): Record<string, number> {
  const samples = [...families.values()].flatMap((family) => family.samples);
  return Object.fromEntries(samples.map(({ name, labels, value }) => [seriesKey(name, labels), value]));
}

function parseSample(line: string): Sample {
  const [, name = '', labelText = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (name === '' || !NUMBER.test(value)) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  for (const [, label = '', quoted = ''] of labelText.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)) {
    if (label in labels) throw new Error(`label twice: ${line}`);
    labels[label] = quoted.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return { name, labels, value: Number(value.replace(/^([+-]?)Inf$/i, '$1Infinity')) };
}

function seriesKey(name: string, labels: Record<string, string>): string {
  const parts = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return parts.length > 0 ? `${name}{${parts.join()}}` : name;
}

/** Buckets rise, the last is +Inf, and it holds as many as `_count` says. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const bySeries = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _le, ...labels } = sample.labels;
    const key = seriesKey('', labels);
    bySeries.set(key, [...(bySeries.get(key) ?? []), sample]);
  }
  for (const [key, own] of bySeries) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels['le']!.replace('+Inf', 'Infinity')));
    const counts = buckets.map(({ value }) => value);
    const count = own.find((sample) => sample.name === `${name}_count`)?.value;
    const isRising = (values: number[]): boolean =>
      values.every((value, index) => index === 0 || value >= values[index - 1]!);
    if (!isRising(bounds) || !isRising(counts) || bounds.at(-1) !== Infinity || counts.at(-1) !== count) {
      throw new Error(`not a whole histogram: ${name}${key}`);
    }
  }
}
