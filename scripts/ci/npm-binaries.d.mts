/** The directory with the program `node` of a version that is fetched once, pinned to the byte. */
export function nodeDirectory(major: 18 | 24): string;
