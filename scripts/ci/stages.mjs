import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A stage that did not pass; its message tells what to type to see it again. */
export class StageFailed extends Error {}

/** Runs the stages of one run in turn, prints how long each took, and ends what it started when it is interrupted. */
export class Stages {
  #started = Date.now();
  #times = [];
  #child;
  #deadlineMs;

  /** @param {number} deadlineMs of the whole run; a stage that is still going then is ended and fails */
  constructor(deadlineMs) {
    this.#deadlineMs = deadlineMs;
  }

  /**
   * @param {string} name
   * @param {() => Promise<unknown>} work
   */
  async run(name, work) {
    const from = Date.now();
    console.log(`\n━━ ${name}`);
    try {
      await work();
    } catch (error) {
      console.error(
        `\n✖ ${name}: failed after ${seconds(from)}\n${error instanceof StageFailed ? error.message : error.stack}`,
      );
      throw new StageFailed(name);
    }
    this.#times.push([name, seconds(from)]);
    console.log(`✔ ${name}: ${seconds(from)}`);
  }

  /**
   * Runs a command to its end; throws StageFailed when that is not success.
   *
   * @param {string[]} command
   * @param {{ env?: Record<string, string>, capture?: boolean }} [options] `env` is set beside the run's own; `capture`
   *   keeps what the command prints, beside showing it
   * @returns {Promise<string>} what was captured
   */
  async command(command, { env = {}, capture = false } = {}) {
    const [file, ...args] = command;
    // A process group of its own, so that what it started ends with it.
    const child = spawn(file, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', capture ? 'pipe' : 'inherit', capture ? 'pipe' : 'inherit'],
      detached: true,
    });
    this.#child = child;
    let output = '';
    for (const stream of capture ? [child.stdout, child.stderr] : []) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        process.stdout.write(text);
      });
    }
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        this.interrupt('SIGKILL');
      },
      Math.max(0, this.#started + this.#deadlineMs - Date.now()),
    );
    const [code, signal] = await once(child, 'close')
      .catch(({ message }) => {
        throw new StageFailed(`It cannot be run: ${message}`);
      })
      .finally(() => {
        clearTimeout(timer);
        this.#child = undefined;
      });
    if (late) throw new StageFailed(`The run was ended after ${this.#deadlineMs / 60_000} minutes.`);
    if (code !== 0) {
      const settings = Object.entries(env).map(([name, value]) => `${name}='${value}' `);
      throw new StageFailed(`It ended with ${signal ?? code}. To repeat it: ${settings.join('')}${command.join(' ')}`);
    }
    return output;
  }

  /** Ends the command that is running, with everything that it started. */
  interrupt(signal = 'SIGTERM') {
    if (!this.#child?.pid) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }

  get elapsedMs() {
    return Date.now() - this.#started;
  }

  summary() {
    const width = Math.max(...this.#times.map(([name]) => name.length));
    const lines = this.#times.map(([name, time]) => `  ${name.padEnd(width)}  ${time.padStart(8)}`);
    return [...lines, `  ${'in all'.padEnd(width)}  ${seconds(this.#started).padStart(8)}`].join('\n');
  }
}

function seconds(from) {
  return `${((Date.now() - from) / 1000).toFixed(1)} s`;
}
