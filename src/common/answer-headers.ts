/**
 * On every answer, errors and raw ones included: an answer is what its type says, and belongs to who asked for it. What
 * may be kept, such as the pages of the documentation, says so itself.
 */
export const ANSWER_HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' } as const;
