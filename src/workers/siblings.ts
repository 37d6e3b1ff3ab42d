import { Injectable } from '@nestjs/common';
import type { FromSupervisor, FromWorker, Topic } from './messages.js';

/** Longer than the supervisor waits for those that it asks. */
const PATIENCE_MS = 2_000;

/** What connects a worker to its supervisor. */
export interface Channel {
  send(message: FromWorker): void;
}

/**
 * The other workers behind the same port. They are asked through the supervisor. A process without workers has none.
 */
@Injectable()
export class Siblings {
  private readonly answerers = new Map<Topic, () => Promise<unknown>>();
  private readonly waiting = new Map<number, (values: unknown[]) => void>();
  private lastId = 0;
  private isOneStarting = false;

  constructor(private readonly channel: Channel | null = null) {}

  get exist(): boolean {
    return this.channel !== null;
  }

  /** As of the last answers: one of them has not been able to serve yet since the start of the whole. */
  get areStarting(): boolean {
    return this.isOneStarting;
  }

  /** @param answer must limit its own time. */
  onQuestion(topic: Topic, answer: () => Promise<unknown>): void {
    this.answerers.set(topic, answer);
  }

  /**
   * @param own kept for when this worker is asked and cannot answer, or has ended.
   * @returns the answers of those that serve and answer in time.
   */
  ask(topic: Topic, own: unknown): Promise<unknown[]> {
    const { channel } = this;
    if (!channel) return Promise.resolve([]);
    const id = (this.lastId += 1);
    return new Promise((resolve) => {
      const finish = (values: unknown[]): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
        resolve(values);
      };
      const timer = setTimeout(() => finish([]), PATIENCE_MS);
      this.waiting.set(id, finish);
      channel.send({ kind: 'ask', id, topic, own });
    });
  }

  receive(message: FromSupervisor): void {
    if (message.kind === 'answers') {
      this.isOneStarting = message.areStarting;
      this.waiting.get(message.id)?.(message.values);
    }
    if (message.kind !== 'question') return;
    const { question, topic } = message;
    // The supervisor does not wait long for who cannot answer.
    this.answerers
      .get(topic)?.()
      .then((value) => this.channel?.send({ kind: 'answer', question, value }))
      .catch(() => undefined);
  }
}
