import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for the run, and what has to be undone at its end however it ends. */
export class Workspace {
  readonly directory = mkdtempSync(join(tmpdir(), 'tidings-bench-'));
  private readonly undoings: (() => Promise<void>)[] = [];
  private closing: Promise<void> | null = null;

  /** Whether the run is over, be it interrupted: nothing that would have to be undone may begin. */
  get isClosing(): boolean {
    return this.closing !== null;
  }

  /** @param undo may be called although it has been done already. */
  defer(undo: () => Promise<void>): void {
    this.undoings.push(undo);
  }

  /** Undoes everything, the last first, and removes the directory. A failure does not keep the rest from being undone. */
  close(): Promise<void> {
    this.closing ??= this.undoAll();
    return this.closing;
  }

  private async undoAll(): Promise<void> {
    for (const undo of this.undoings.reverse()) {
      await undo().catch((error: unknown) => console.error('the bench could not clean up:', error));
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
