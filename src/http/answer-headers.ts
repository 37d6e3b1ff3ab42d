/**
 * On every answer, also errors and raw ones. A browser must not guess another type, and no cache may keep an answer.
 * Answers that may be kept, such as the pages of the documentation, set their own header.
 */
export const ANSWER_HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' } as const;
