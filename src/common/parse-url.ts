/**
 * Not by `URL.canParse`: on Node 20 and 22 its compiled form, which V8 takes after some thousands of calls, refuses
 * every text with a letter such as `ü`. `URL.parse` begins with Node 22.
 */
export function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
