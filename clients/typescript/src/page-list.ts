import { TidingsError } from './errors.js';
import type { Page } from './types.js';

/**
 * A list that the service answers in pages, newest first. Nothing is asked before it is awaited or walked, and each time
 * that it is, it is asked anew.
 *
 * - `await list`: the first page, with its `next_cursor`.
 * - `for await (const item of list)`: every item, the next page asked for when it is needed.
 * - `for await (const page of list.pages())`: every page. One may be short, or empty, and still not be the last.
 */
export class PageList<Item> implements PromiseLike<Page<Item>>, AsyncIterable<Item> {
  readonly #read: (cursor?: string) => Promise<Page<Item>>;

  /** @param read answers the page at a cursor, or the first. */
  constructor(read: (cursor?: string) => Promise<Page<Item>>) {
    this.#read = read;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to be awaited is what it is for
  then<Fulfilled = Page<Item>, Rejected = never>(
    onFulfilled?: ((page: Page<Item>) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.#read().then(onFulfilled, onRejected);
  }

  catch<Rejected = never>(
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Page<Item> | Rejected> {
    return this.#read().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Page<Item>> {
    return this.#read().finally(onFinally);
  }

  /** Walks the pages. */
  async *pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let page = await this.#read();
    yield page;
    // A fault of the service, cursors that come again, would be a loop without an end here. One earlier cursor finds any
    // loop when it moves on ever less often: at the pages 1, 2, 4, 8 (Brent's algorithm).
    let earlier: string | undefined;
    for (let count = 1, next = 1; page.next_cursor !== null; count++) {
      if (page.next_cursor === earlier) throw new TidingsError('the list does not end: the same next_cursor again');
      if (count === next) {
        earlier = page.next_cursor;
        next *= 2;
      }
      page = await this.#read(page.next_cursor);
      yield page;
    }
  }

  /** Walks the items of all pages. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* page.result;
  }
}
