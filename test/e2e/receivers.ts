import { EventEmitter, once } from 'node:events';
import { Receiver, type Answer } from '../support/receiver.js';

/** Receivers for the stories of a file; each is closed when its story ends. */
export function useReceivers(): { start(): Promise<Receiver> } {
  const open: Receiver[] = [];
  afterEach(async () => {
    for (const receiver of open.splice(0)) await receiver.close();
  });
  return {
    async start() {
      const receiver = await Receiver.start();
      open.push(receiver);
      return receiver;
    },
  };
}

/**
 * Lets requests arrive at the receiver and keeps their answers back.
 *
 * @returns Gives the answer, to those that wait and to all that follow.
 */
export function holdAnswers(receiver: Receiver, answer: Answer = 200): () => void {
  const gate = new EventEmitter();
  const opened = once(gate, 'open');
  receiver.respondWith(async () => {
    await opened;
    return answer;
  });
  return () => void gate.emit('open');
}
