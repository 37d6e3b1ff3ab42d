import { setImmediate as nextTurn } from 'node:timers/promises';
import { MicroBatcher } from '../../src/common/micro-batcher.js';
import { until } from '../support/wait.js';

describe('writing in batches', () => {
  /** Writes all that waits; each batch is under way until `end` is called. */
  const start = (window: { ms: number; enough: number }, waitsForMore?: () => boolean) => {
    let waiting = 0;
    const batches: number[] = [];
    const ends: (() => void)[] = [];
    const batcher = new MicroBatcher({
      context: 'test',
      window,
      ...(waitsForMore && { waitsForMore }),
      waiting: () => waiting,
      writeNext: () => {
        batches.push(waiting);
        waiting = 0;
        return new Promise((resolve) => ends.push(resolve));
      },
    });
    const add = (count: number): void => {
      for (let n = 0; n < count; n++) {
        waiting += 1;
        batcher.added();
      }
    };
    return { add, batches, end: () => ends.pop()!() };
  };

  it('takes together what is added in one turn of the event loop', async () => {
    const { add, batches } = start({ ms: 60_000, enough: 100 }, () => false);
    add(3);
    expect(batches).toEqual([]);
    await until('a batch', () => batches.length > 0);
    expect(batches).toEqual([3]);
  });

  it('takes into the next what is added while one is being written', async () => {
    const { add, batches, end } = start({ ms: 60_000, enough: 100 }, () => false);
    add(1);
    await until('a batch', () => batches.length === 1);
    add(2);
    await nextTurn();
    add(3);
    expect(batches).toEqual([1]);
    end();
    await until('the next batch', () => batches.length === 2);
    expect(batches).toEqual([1, 5]);
  });

  it('waits for more, until there is enough', async () => {
    const { add, batches } = start({ ms: 60_000, enough: 5 });
    add(4);
    await nextTurn();
    await nextTurn();
    expect(batches).toEqual([]);
    add(1);
    await until('a batch', () => batches.length > 0);
    expect(batches).toEqual([5]);
  });

  it('waits for more no longer than its time', async () => {
    const { add, batches } = start({ ms: 5, enough: 100 });
    add(1);
    await until('a batch', () => batches.length > 0);
    expect(batches).toEqual([1]);
  });
});
