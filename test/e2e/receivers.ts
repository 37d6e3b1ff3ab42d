import { startReceiver, type Receiver } from '../support/receiver.js';

/** Receivers for the stories of a file; each is closed when its story ends. */
export function useReceivers(): { start(): Promise<Receiver> } {
  const open: Receiver[] = [];
  afterEach(async () => {
    for (const receiver of open.splice(0)) await receiver.close();
  });
  return {
    async start() {
      const receiver = await startReceiver();
      open.push(receiver);
      return receiver;
    },
  };
}
