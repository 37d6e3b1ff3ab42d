const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';

/** The forms of a date in HTTP, all in GMT: IMF-fixdate, and the obsolete ones of RFC 850 and C's asctime. */
const FORMS = [
  `${DAY}, (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `${LONG_DAY}, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT`,
  `${DAY} ${MONTH} (?<day>\\d{2}| \\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/**
 * Reads a date of an HTTP header (RFC 9110 §5.6.7). `Date.parse` takes much else, and reads asctime in the machine's
 * zone.
 *
 * @param nowMs Unix milliseconds, to find the century of a year of two digits.
 * @returns Unix milliseconds; null for any other text, and for a day that its month does not have.
 */
export function parseHttpDate(text: string, nowMs: number): number | null {
  const parts = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (!parts) return null;
  const valueOf = (part: string): number => Number(parts[part]);
  const month = MONTHS.indexOf(parts['month']!);
  const year = parts['year']!.length === 2 ? fullYear(valueOf('year'), nowMs) : valueOf('year');
  const midnight = new Date(0);
  // Not `Date.UTC`, for which the year 26 is 1926.
  midnight.setUTCFullYear(year, month, valueOf('day'));
  if (midnight.getUTCMonth() !== month) return null;
  return midnight.getTime() + ((valueOf('hour') * 60 + valueOf('minute')) * 60 + valueOf('second')) * 1000;
}

/** A year that looks more than 50 years ahead is the most recent past one that ends in the same digits. */
function fullYear(lastDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + lastDigits;
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury;
}
