import { LoopTurns } from '../../src/http/loop-turns.js';

describe('work in turns of the event loop', () => {
  it('is done one piece in a turn, one of each owner before a second of any', async () => {
    const turns = new LoopTurns();
    const seen: string[] = [];
    let turn = 0;
    const count = (): void => {
      turn += 1;
      if (turn < 8) setImmediate(count);
    };
    setImmediate(count);
    await new Promise<void>((resolve) => {
      for (const name of ['a1', 'a2', 'a3', 'b1', 'b2']) {
        turns.run(name[0]!, () => {
          seen.push(`${name} in ${turn}`);
          if (seen.length === 5) resolve();
        });
      }
    });
    expect(seen).toEqual(['a1 in 1', 'b1 in 2', 'a2 in 3', 'b2 in 4', 'a3 in 5']);
  });

  it('goes on with what a piece of work asks for', async () => {
    const turns = new LoopTurns();
    const seen: number[] = [];
    await new Promise<void>((resolve) => {
      const step = (n: number): void => {
        seen.push(n);
        if (n < 3) turns.run('a', () => step(n + 1));
        else resolve();
      };
      turns.run('a', () => step(1));
    });
    expect(seen).toEqual([1, 2, 3]);
  });
});
