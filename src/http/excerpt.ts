const MAX_LENGTH = 200;

/** The part of a caller's text that an answer repeats, in characters that every reader accepts. */
export function excerpt(text: string): string {
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
  // The cut may leave half of a surrogate pair: strict JSON readers refuse its escape.
  return shown.replace(/\p{Surrogate}/gu, '\ufffd');
}
