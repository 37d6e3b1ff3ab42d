/** A part of a URL this long may be a key, a token or an id that nobody guesses. */
const TELLING_LENGTH = 8;
/** In a path this is likely to be a plain word: `services`, `tidings-events`. Every line of the log could hold it. */
const WORD = /^[a-z]+([-_.][a-z]+)*$/;
const LONGEST_WORD = 23;

/** The URL itself and its password, in the spellings of errors and logs. */
export function secretsOfUrl(text: string): string[] {
  const { href, username, password } = new URL(text);
  return [text, href, ...credentialsIn(username, password)];
}

/** Also path and query: with the incoming webhooks of chats they are the key. The host is not secret. */
export function secretsOfKeyedUrl(text: string): string[] {
  const { pathname, search, searchParams } = new URL(text);
  const isTelling = ({ length }: string): boolean => length >= TELLING_LENGTH;
  const isWord = (part: string): boolean => part.length <= LONGEST_WORD && WORD.test(part);
  const parts = [
    ...pathname.split('/').filter((part) => isTelling(part) && !isWord(part)),
    ...[...searchParams.values()].filter(isTelling),
  ];
  const whole = parts.length > 0 ? [`${pathname}${search}`, pathname, search.slice(1)] : [];
  return [...secretsOfUrl(text), ...whole, ...parts, ...parts.map(decoded)];
}

function credentialsIn(username: string, password: string): string[] {
  if (password === '') return [];
  const pair = `${decoded(username)}:${decoded(password)}`;
  return [password, decoded(password), Buffer.from(pair).toString('base64')];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
