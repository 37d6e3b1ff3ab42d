/**
 * When an answer is as a page shows it. JSON has the same members in the same order, other text the same lines, and
 * every value is the shown one, but for what differs from run to run:
 *
 * - a word of one of the FORMS below stands for any of the same form, and a UUID for one and the same on all of the page;
 * - the number of a member named `…_ms` is a measurement: any that is not negative.
 */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const FORMS = [
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  /^v1,[A-Za-z0-9+/]{43}=$/,
  /^format=sha256,v=[A-Za-z0-9+/]{43}=$/,
  /^format=sha256,v=[0-9a-f]{64}$/,
  // Seconds since 1970, of `webhook-timestamp`.
  /^1\d{9}$/,
  /^tdg_[\w-]{43}$/,
];

export class ShownAnswers {
  private readonly realIds = new Map<string, string>();

  /** @returns The first difference, or null. */
  differenceOf(language: 'json' | 'text', shown: string, real: string): string | null {
    const before = new Map(this.realIds);
    const difference =
      language === 'json'
        ? this.compare('the answer', JSON.parse(shown), parse(real))
        : this.compare('the output', linesOf(shown), linesOf(real));
    // An answer that is not yet as shown says nothing about ids.
    if (difference !== null) this.restore(before);
    return difference;
  }

  private compare(at: string, shown: unknown, real: unknown): string | null {
    if (Array.isArray(shown) && Array.isArray(real)) {
      if (shown.length !== real.length) return `${at} has ${real.length} members, the page shows ${shown.length}`;
      return first(shown, (member, index) => this.compare(`${at}[${index}]`, member, real[index]));
    }
    if (isObject(shown) && isObject(real)) {
      const [names, realNames] = [Object.keys(shown), Object.keys(real)];
      if (names.join() !== realNames.join())
        return `${at} has the members ${realNames.join()}, the page shows ${names.join()}`;
      return first(names, (name) => this.compare(`${at}.${name}`, shown[name], real[name]));
    }
    if (this.isSame(at, shown, real)) return null;
    return `${at} is ${JSON.stringify(real)}, the page shows ${JSON.stringify(shown)}`;
  }

  private isSame(at: string, shown: unknown, real: unknown): boolean {
    if (typeof shown === 'number' && typeof real === 'number')
      return shown === real || (at.endsWith('_ms') && real >= 0);
    if (typeof shown !== 'string' || typeof real !== 'string') return shown === real;
    const [words, realWords] = [shown.split(' '), real.split(' ')];
    return words.length === realWords.length && words.every((word, index) => this.isSameWord(word, realWords[index]!));
  }

  private isSameWord(shown: string, real: string): boolean {
    if (UUID.test(shown) && UUID.test(real)) return this.isSameId(shown, real);
    return shown === real || FORMS.some((form) => form.test(shown) && form.test(real));
  }

  private isSameId(shown: string, real: string): boolean {
    const known = this.realIds.get(shown);
    if (known !== undefined) return known === real;
    if ([...this.realIds.values()].includes(real)) return false;
    this.realIds.set(shown, real);
    return true;
  }

  private restore(ids: Map<string, string>): void {
    this.realIds.clear();
    for (const [shown, real] of ids) this.realIds.set(shown, real);
  }
}

function first<T>(members: readonly T[], differenceOf: (member: T, index: number) => string | null): string | null {
  for (const [index, member] of members.entries()) {
    const difference = differenceOf(member, index);
    if (difference !== null) return difference;
  }
  return null;
}

function linesOf(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
