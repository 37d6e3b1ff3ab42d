import type { TrafficPlan } from './traffic.js';

/* What the program and its two helper processes say to each other over Node's IPC channel. */

export type ProducerOrder =
  | { kind: 'send'; plan: TrafficPlan; urls: string[]; token: string }
  /** No more than the plan asks for at least. */
  | { kind: 'finish' };

export type ProducerReport =
  /** The last byte of this request was handed to the operating system; `events` of them are in it. */
  | { kind: 'posted'; request: number; events: number }
  /** Every request of the order has its outcome. */
  | { kind: 'sent' };

/** How one path of the receiver answers. */
export interface Behaviour {
  /** Between the whole request and the answer, in milliseconds. */
  delayMs: number;
  /** 0–1: the share of requests answered with 500. Decided by the seed, the event and the how-manieth request it is. */
  failShare: number;
  /** true: the answers wait until the path is told to behave otherwise. */
  isHeld: boolean;
}

export type ReceiverOrder =
  | { kind: 'behave'; hook: string; behaviour: Behaviour }
  /** Sends SIGKILL to the process in the moment in which the next answer of 2xx on this path is written. */
  | { kind: 'kill-at-next-success'; hook: string; pid: number };

export type ReceiverReport =
  | { kind: 'listening'; port: number }
  /** A request is logged and its answer waits; `held` are waiting on its path. */
  | { kind: 'held'; hook: string; held: number }
  | { kind: 'killed'; at: number };
