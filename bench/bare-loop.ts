import type { ReceiverName } from './helpers/answers.js';
import type { BareLoopProcedures } from './helpers/bare-loop-process.js';
import { startHelper } from './start-helper.js';
import type { Workspace } from './workspace.js';

/** These numbers of requests at a time are tried; the best is kept. An ordinary receiver takes 30 ms for each. */
const CONCURRENCIES: Record<ReceiverName, readonly number[]> = {
  least: [32, 64, 128, 256],
  ordinary: [256, 512, 1_024],
};

export interface BareLoop {
  concurrency: number;
  perSecond: number;
}

/** The process is warm from these tries, or from a second's run when the concurrency is given. */
export async function measureBareLoop(
  workspace: Workspace,
  port: number,
  { isQuick, receiver, concurrency }: { isQuick: boolean; receiver: ReceiverName; concurrency?: number | undefined },
): Promise<BareLoop> {
  const helper = startHelper<BareLoopProcedures>(workspace, 'bare-loop');
  try {
    await helper.call('run', { port, concurrency: 64, seconds: isQuick ? 1 : 2 });
    let best: BareLoop = { concurrency: concurrency ?? 0, perSecond: 0 };
    for (const candidate of concurrency === undefined ? CONCURRENCIES[receiver] : []) {
      const perSecond = await helper.call('run', { port, concurrency: candidate, seconds: isQuick ? 1 : 2 });
      if (perSecond > best.perSecond) best = { concurrency: candidate, perSecond };
    }
    const seconds = isQuick ? 2 : 6;
    return { ...best, perSecond: await helper.call('run', { port, concurrency: best.concurrency, seconds }) };
  } finally {
    await helper.stop();
  }
}
