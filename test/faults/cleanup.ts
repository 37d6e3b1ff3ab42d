type Step = () => Promise<unknown> | unknown;

/**
 * What has to be undone however the program ends, newest first: processes to end, directories to remove. Ctrl-C does
 * the same.
 */
export class Cleanup {
  private readonly steps: Step[] = [];
  private running: Promise<void> | undefined;

  defer(step: Step): void {
    this.steps.push(step);
  }

  /** Runs every step once, also when one fails; throws what failed first. */
  run(): Promise<void> {
    this.running ??= this.runSteps();
    return this.running;
  }

  private async runSteps(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.steps.toReversed()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
