import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BareLoop, measureBareLoop } from './bare-loop.js';
import type { Context } from './context.js';
import type { ReceiverName } from './helpers/answers.js';
import type { LoadProcedures } from './helpers/load-process.js';
import type { ReceiverProcedures } from './helpers/receiver-process.js';
import { isWrkInstalled } from './helpers/wrk-run.js';
import { describePostgres } from './measures/database-figures.js';
import { describeMachine } from './measures/machine.js';
import { type Options, optionsOf, type ScenarioName, USAGE, UsageError } from './options.js';
import type { Failure, Report } from './report/report.js';
import type { Result } from './report/result.js';
import { tableOf } from './report/table.js';
import { SCENARIO_BY_NAME } from './scenarios/index.js';
import { EmbeddedEngine } from './service/embedded-engine.js';
import type { Engine } from './service/engine.js';
import { ServerEngine } from './service/server-engine.js';
import { startHelper } from './start-helper.js';
import { Workspace } from './workspace.js';

const RESULTS = join(import.meta.dirname, 'results');
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

async function main(args: readonly string[]): Promise<void> {
  const machine = { databaseUrl: process.env['DATABASE_URL'] ?? null, hasWrk: isWrkInstalled() };
  const options = optionsOf(args, machine);
  const workspace = new Workspace();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const exit = (): never => process.exit(EXIT_INTERRUPTED);
    process.once(signal, () => {
      workspace.close().then(exit, exit);
    });
  }
  try {
    const report = await measure(options, workspace, args);
    process.stdout.write(`\n${tableOf(report)}`);
    keep(report);
    if (report.failures.length > 0) process.exitCode = 1;
  } finally {
    await workspace.close();
  }
}

async function measure(options: Options, workspace: Workspace, args: readonly string[]): Promise<Report> {
  const startedAt = new Date().toISOString();
  const receiver = startHelper<ReceiverProcedures>(workspace, 'receiver');
  const load = startHelper<LoadProcedures>(workspace, 'load');
  const receiverPort = await receiver.call('listen', null);
  const measureLoop = async (name: ReceiverName, concurrency?: number): Promise<BareLoop> => {
    await receiver.call('answerAs', name);
    const loop = await measureBareLoop(workspace, receiverPort, {
      isQuick: options.isQuick,
      receiver: name,
      concurrency,
    });
    console.error(`bare loop, ${name} receiver: ${Math.round(loop.perSecond)}/s, ${loop.concurrency} at a time`);
    await receiver.call('reset', null);
    return loop;
  };

  // Before anything is measured: an engine that does not answer is reported at once, and no results are lost.
  const engines = enginesOf(options, workspace);
  const postgres: Record<string, string> = {};
  for (const engine of engines) postgres[engine.name] = await describeEngine(engine);

  const bareLoops: Report['bareLoops'] = {};
  const results: Result[] = [];
  const failures: Failure[] = [];
  for (const receiverName of options.receivers) {
    const start = await measureLoop(receiverName);
    for (const engine of engines) {
      const context = { engine, options, workspace, receiver, receiverPort, receiverName, load, results };
      for (const name of options.scenarios) {
        const outcome = await run(context, name);
        await receiver.call('reset', null);
        results.push(...outcome.results);
        if (outcome.failure) failures.push(outcome.failure);
      }
    }
    bareLoops[receiverName] = { start, end: await measureLoop(receiverName, start.concurrency) };
  }
  return {
    startedAt,
    machine: describeMachine(),
    postgres,
    arguments: [...args],
    bareLoops,
    results,
    failures,
  };
}

/** When a scenario fails, the results of the others are kept. */
async function run(context: Context, name: ScenarioName): Promise<{ results: Result[]; failure: Failure | null }> {
  const { engine } = context;
  const startedAt = Date.now();
  try {
    const results = await SCENARIO_BY_NAME[name](context);
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    console.error(`${engine.name}, scenario ${name}: done after ${seconds} s`);
    return { results, failure: null };
  } catch (error) {
    if (context.workspace.isClosing) throw error;
    console.error(`${engine.name}, scenario ${name} failed:`, error);
    return { results: [], failure: { scenario: name, engine: engine.name, message: String(error) } };
  }
}

function enginesOf({ engines, databaseUrl }: Options, workspace: Workspace): Engine[] {
  return engines.map((name) =>
    name === 'embedded' ? new EmbeddedEngine(workspace.directory) : new ServerEngine(databaseUrl!, workspace.directory),
  );
}

async function describeEngine(engine: Engine): Promise<string> {
  const storage = await engine.makeStorage();
  try {
    const { client, close } = await storage.connectAlone();
    const description = await describePostgres(client);
    await close();
    return description;
  } finally {
    await storage.remove();
  }
}

function keep(report: Report): void {
  mkdirSync(RESULTS, { recursive: true });
  const name = `${report.startedAt.replaceAll(':', '-').slice(0, 19)}-${report.machine.commit}.json`;
  writeFileSync(join(RESULTS, name), `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\nkept in bench/results/${name}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = EXIT_USAGE;
}
