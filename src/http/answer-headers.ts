/**
 * A browser must not guess another type, and no cache may keep an answer. Pages of the documentation set their own
 * header.
 */
export const ANSWER_HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' } as const;
