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

  /** Walks the pages. */
  async *pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let page = await this.#read();
    yield page;
    while (page.next_cursor !== null) {
      const cursor = page.next_cursor;
      page = await this.#read(cursor);
      // Else a fault of the service would be a loop without an end here.
      if (page.next_cursor === cursor) throw new TidingsError('the list does not go on: the same next_cursor again');
      yield page;
    }
  }

  /** Walks the items of all pages. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* page.result;
  }
}
