import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { atMost } from '../../common/within.js';
import { OwnSession, SharedSessionError } from '../../database/own-session.js';
import type { Queryable } from '../../database/queryable.js';
import {
  declareDead,
  findUnlocked,
  giveBackReplicaLock,
  readLocksLostAt,
  seesReplicaLock,
  takeReplicaLock,
} from '../queue/replica-locks.js';
import { LockWatch, RELOCK_AFTER_BREAK_MS } from './lock-watch.js';
import { Wakeup } from './wakeup.js';

/** How often to look while other replicas live. */
const LOOK_MS = 200;
/** How often to look while none does, for the connection's sake. */
const LOOK_ALONE_MS = 2_000;
/** The waits for the next connection. */
const REOPEN_MS = { first: 100, most: 2_000 };

/** A connection that is being opened ends by itself. */
const STOPPING_MS = 500;

export interface ReplicaLockOptions {
  url: string;
  /** The pool that works under the leases: the lock has to be on its server, in a session of its own. */
  database: Queryable;
  replicaId: string;
  /** Whether others lived at the last heartbeat. */
  hasOthers(): boolean;
  /** Tells the others (`touchReplica`) that `lockedOn` has changed. */
  announce(): Promise<void>;
  /** Takes what a dead replica held. */
  rescue(): Promise<void>;
}

interface Taken {
  session: OwnSession;
  /** As `readLocksLostAt` tells it. */
  locksLostAt: string;
}

/**
 * The advisory lock that a replica holds as long as it lives, on a connection of its own, which its kernel closes with the
 * process. By their locks replicas see at once that another one was killed (docs/adr/0015).
 */
export class ReplicaLock {
  private readonly logger = new Logger(ReplicaLock.name);
  private readonly stopping = new AbortController();
  private readonly wakeup = new Wakeup();
  private session: OwnSession | null = null;
  private holding: Promise<void> | null = null;
  private held: string | null = null;
  private isProven = false;

  constructor(private readonly options: ReplicaLockOptions) {}

  /** The server on which it is held, as `takeReplicaLock` tells it. */
  get lockedOn(): string | null {
    return this.held;
  }

  /** Nobody waits for the lock: without it the heartbeats tell who lives. */
  start(): void {
    this.holding ??= this.hold();
  }

  /** Looks now, for there are others since a moment. */
  nudge(): void {
    this.wakeup.wake();
  }

  /** The lock is held until `release`. */
  async stopLooking(): Promise<void> {
    this.stopping.abort();
    this.wakeup.wake();
    if (this.holding) await atMost(STOPPING_MS, this.holding);
  }

  async release(): Promise<void> {
    await this.session?.close();
  }

  private async hold(): Promise<void> {
    let isFirst = true;
    let pauseMs = REOPEN_MS.first;
    while (!this.isStopping) {
      try {
        const taken = await this.take();
        pauseMs = REOPEN_MS.first;
        await this.watch(taken, new LockWatch(isFirst ? -Infinity : performance.now() + RELOCK_AFTER_BREAK_MS));
        if (this.isStopping) return;
        isFirst = false;
        this.logger.warn('the connection that holds the lock of this replica broke');
      } catch (error) {
        if (error instanceof SharedSessionError) {
          this.logger.log('a pooler is in front of the database: a killed replica is known after 10 s');
          return;
        }
        const level = pauseMs === REOPEN_MS.first ? 'warn' : 'debug';
        this.logger[level]({ msg: 'the replica could not take its lock; trying again', err: error });
      }
      await this.letGo();
      await this.pause(pauseMs);
      pauseMs = Math.min(REOPEN_MS.most, pauseMs * 2);
    }
  }

  private async take(): Promise<Taken> {
    const { url, database, replicaId } = this.options;
    const session = (this.session = await OwnSession.open(url));
    if (this.isStopping) await session.close();
    const lockedOn = await takeReplicaLock(session, replicaId);
    if (lockedOn === null) throw new Error('the lock is not free yet');
    // Once: later the pool may be what has to recover, and the lock must not wait for it.
    if (!this.isProven && !(await seesReplicaLock(database, replicaId))) {
      await giveBackReplicaLock(session, replicaId);
      throw new Error('the pool does not see the lock');
    }
    this.isProven = true;
    // Before the lock is announced: whoever fails here has lost nothing that others knew of.
    const locksLostAt = await readLocksLostAt(session);
    this.held = lockedOn;
    this.announce();
    return { session, locksLostAt };
  }

  private async letGo(): Promise<void> {
    const wasHeld = this.held !== null;
    this.held = null;
    // At once: after RELOCK_MS the others take for dead whoever has said nothing.
    if (wasHeld) this.announce();
    await this.session?.close();
    this.session = null;
  }

  private announce(): void {
    // Whoever signs off must not come back by a heartbeat.
    if (this.isStopping) return;
    this.options.announce().catch((error: unknown) => {
      this.logger.debug({ msg: 'the replica could not tell whether it holds its lock', err: error });
    });
  }

  /** Resolves when the connection is gone, or looking is to stop. */
  private async watch({ session, locksLostAt }: Taken, watch: LockWatch): Promise<void> {
    let isOpen = true;
    const ended = session.ended.then(() => {
      isOpen = false;
      this.wakeup.wake();
    });
    while (isOpen && !this.isStopping) {
      await this.look(session, watch, locksLostAt);
      const atMostMs = this.options.hasOthers() ? LOOK_MS : LOOK_ALONE_MS;
      await this.wakeup.wait(watch.nextInMs(performance.now(), atMostMs));
    }
    if (!this.isStopping) await ended;
  }

  private async look(session: OwnSession, watch: LockWatch, locksLostAt: string): Promise<void> {
    const askedAt = performance.now();
    try {
      const unlocked = await findUnlocked(session, this.options.replicaId, locksLostAt);
      for (const suspect of watch.note(unlocked, askedAt, performance.now())) {
        if (!(await declareDead(session, suspect))) continue;
        this.logger.warn({ msg: 'a replica died: its connection is closed', replica_id: suspect.id });
        await this.options.rescue();
      }
    } catch (error) {
      this.logger.debug({ msg: 'could not look at the locks of the others', err: error });
    }
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }
}
