/** Characters of a caller's text that an answer repeats. */
const MAX_LENGTH = 200;

/** What an answer repeats of a text that a caller chose: enough to find it by, in characters that every reader takes. */
export function excerpt(text: string): string {
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
  // Half of a surrogate pair, also one that the cut made, is no text: strict JSON readers refuse its escape.
  return shown.replace(/\p{Surrogate}/gu, '\ufffd');
}
