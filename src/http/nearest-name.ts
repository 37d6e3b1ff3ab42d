/** A longer name is not a typing error, and to compare it would take time. */
const MAX_LENGTH = 64;
/** A shorter text is part of too many names. */
const MIN_PART_LENGTH = 4;

/** Null when no name is close. Case and underscores are ignored. */
export function nearestName(given: string, names: readonly string[]): string | null {
  const text = lettersOf(given);
  if (text === '' || given.length > MAX_LENGTH) return null;
  const most = Math.max(1, Math.floor(text.length / 3));
  let nearest: string | null = null;
  let least = most + 1;
  for (const name of names) {
    const letters = lettersOf(name);
    const distance = isPart(text, letters) ? 1 : distanceOf(text, letters);
    if (distance < least) {
      nearest = name;
      least = distance;
    }
  }
  return nearest;
}

function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** `webhook` is meant for `webhook_id`, and `cursor` for `next_cursor`. */
function isPart(text: string, name: string): boolean {
  return text !== name && text.length >= MIN_PART_LENGTH && name.includes(text);
}

/** Levenshtein's distance. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
