import { parsePrometheusText, valuesOf } from '../support/prometheus-text.js';

const HEAD = '# HELP a_total All of it.\n# TYPE a_total counter\n';

describe('the reader of the text format', () => {
  it('reads values, labels and escapes', () => {
    const text = `${HEAD}a_total 1\na_total{b="x\\"y\\\\z\\n",c="}"} 2.5e-7\n\n# HELP g Now.\n# TYPE g gauge\ng -Inf\n`;
    expect(valuesOf(parsePrometheusText(text))).toEqual({
      a_total: 1,
      'a_total{b="x\\"y\\\\z\\n",c="}"}': 2.5e-7,
      g: -Infinity,
    });
  });

  it.each([
    ['an unfinished line', `${HEAD}a_total 1`],
    ['a sample before its TYPE', 'a_total 1\n'],
    ['a sample of another metric', `${HEAD}b_total 1\n`],
    ['a series twice', `${HEAD}a_total{b="1"} 1\na_total{b="1"} 2\n`],
    ['a metric twice', `${HEAD}a_total 1\n${HEAD}`],
    ['a label twice', `${HEAD}a_total{b="1",b="2"} 1\n`],
    ['an unknown type', '# HELP a A.\n# TYPE a thing\na 1\n'],
    ['a value that is no number', `${HEAD}a_total Nan?\n`],
    ['a bare quote in a label', `${HEAD}a_total{b="1"2"} 1\n`],
    [
      'a histogram whose count is not its last bucket',
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 3\n',
    ],
    [
      'a histogram whose buckets fall',
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
    ],
  ])('refuses %s', (_, text) => {
    expect(() => parsePrometheusText(text)).toThrow();
  });
});
