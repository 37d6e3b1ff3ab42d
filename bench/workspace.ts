import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for the run. It undoes everything at the end, also after a failure. */
export class Workspace {
  readonly directory = mkdtempSync(join(tmpdir(), 'tidings-bench-'));
  private readonly undoings: (() => Promise<void>)[] = [];
  private closing: Promise<void> | null = null;

  /** The run is over or interrupted: nothing that would have to be undone may begin. */
  get isClosing(): boolean {
    return this.closing !== null;
  }

  /** @param undo may be called although it has been done already. */
  defer(undo: () => Promise<void>): void {
    this.undoings.push(undo);
  }

  /** The last first. A failure does not stop the rest. */
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
