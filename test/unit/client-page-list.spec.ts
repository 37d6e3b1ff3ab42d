import { PageList } from '../../clients/typescript/src/page-list.js';
import type { Page } from '../../clients/typescript/src/types.js';

/** Pages of these items, and the cursors that were asked for. */
function listOf(...pages: number[][]): { list: PageList<number>; asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  const list = new PageList((cursor?: string): Promise<Page<number>> => {
    asked.push(cursor);
    const at = Number(cursor ?? 0);
    const next_cursor = at + 1 < pages.length ? String(at + 1) : null;
    return Promise.resolve({ result: pages[at]!, next_cursor, limit: 2 });
  });
  return { list, asked };
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('a list', () => {
  it('asks for nothing before it is used', () => {
    expect(listOf([1]).asked).toEqual([]);
  });

  it('is the first page when it is awaited', async () => {
    const { list, asked } = listOf([1, 2], [3]);
    expect(await list).toEqual({ result: [1, 2], next_cursor: '1', limit: 2 });
    expect(asked).toEqual([undefined]);
  });

  it('walks the items of all pages, empty ones among them', async () => {
    const { list, asked } = listOf([1, 2], [], [3], []);
    expect(await all(list)).toEqual([1, 2, 3]);
    expect(asked).toEqual([undefined, '1', '2', '3']);
    expect(await all(list)).toEqual([1, 2, 3]);
  });

  it('walks the pages', async () => {
    const { list } = listOf([1, 2], [3]);
    expect((await all(list.pages())).map(({ result }) => result)).toEqual([[1, 2], [3]]);
  });

  it('asks for a page only when it is needed', async () => {
    const { list, asked } = listOf([1, 2], [3]);
    for await (const item of list) if (item === 2) break;
    expect(asked).toEqual([undefined]);
  });

  it('passes an error on, awaited and walked', async () => {
    const list = new PageList<number>(() => Promise.reject(new Error('no')));
    await expect(Promise.resolve(list)).rejects.toThrow('no');
    await expect(all(list)).rejects.toThrow('no');
    await expect(list.then(undefined, () => 'handled')).resolves.toBe('handled');
    await expect(list.catch(() => 'handled')).resolves.toBe('handled');
  });

  it('is a promise in what follows it, too', async () => {
    const { list, asked } = listOf([1]);
    let ends = 0;
    await expect(list.finally(() => ends++)).resolves.toEqual({ result: [1], next_cursor: null, limit: 2 });
    await expect(list.catch(() => 'handled')).resolves.toMatchObject({ result: [1] });
    expect(ends).toBe(1);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['does not move', 0, 1],
    ['goes to and fro', 0, 2],
    ['goes round after a while', 5, 7],
  ])('ends with an error when the cursor %s', async (_, before, loop) => {
    let asked = 0;
    const list = new PageList(() => {
      const at = asked++;
      // Or a client that goes on would never come back.
      if (at > 5 * (before + loop)) throw new Error('asked too often');
      return Promise.resolve({ result: [1], next_cursor: String(at < before ? -at : (at - before) % loop), limit: 1 });
    });
    await expect(all(list)).rejects.toThrow('the list does not end');
  });

  it('of many pages is walked to its end', async () => {
    const { list } = listOf(...Array.from({ length: 100 }, (_, n) => [n]));
    expect(await all(list)).toHaveLength(100);
  });
});
