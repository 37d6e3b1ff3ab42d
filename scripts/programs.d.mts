export declare function findChromium(): string | null;

/** The path of the first of these programs that is on PATH; null if none. */
export function findProgram(names: string[]): string | null;
