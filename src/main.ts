import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { OperatorError } from './common/operator-error.js';
import { STOP_SIGNALS } from './common/stop-signals.js';
import { type Config, loadConfig } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import { shareOf } from './config/worker-share.js';
import { freedHostsRule } from './egress/freed-hosts-rule.js';
import { operatorTargetRule } from './egress/operator-target-rule.js';
import { explain } from './explain.js';
import { PinoLogger } from './observability/logger.js';
import { StdoutLines } from './observability/stdout-lines.js';
import { type Placement, placementOf } from './workers/placement.js';
import { Supervisor } from './workers/supervisor.js';

let given: Config | null = null;

/** The application is loaded where it runs: a process that only supervises workers has no need of it. */
async function run(): Promise<void> {
  const command = commandOf(process.argv.slice(2));
  const isMigrating = command === 'migrate';
  given = loadConfig(readEnvironment(), [freedHostsRule, operatorTargetRule], { needsCredentials: !isMigrating });
  if (command === 'serve' && given.workers > 1) return supervise(given);
  // For its side effect, before everything else.
  await import('reflect-metadata');
  const { migrate, serve } = await import('./serve.js');
  if (isMigrating) return migrate(given, PinoLogger.of(given));
  const placement = command === 'serve' ? null : command;
  if (placement) given = shareOf(given, placement);
  return serve(given, PinoLogger.of(given, { worker: placement?.worker }), placement);
}

function commandOf(args: readonly string[]): 'serve' | 'migrate' | Placement {
  if (args.length === 0) return 'serve';
  if (args.length === 1 && args[0] === 'migrate') return 'migrate';
  const placement = cluster.isWorker ? placementOf(args) : null;
  if (placement) return placement;
  throw new OperatorError(
    `There is no command "${args.join(' ')}": without one the service starts, and "migrate" brings the schema up to date.`,
  );
}

async function supervise(config: Config): Promise<void> {
  const { workers, shutdownDelayMs: delayMs, shutdownTimeoutMs: timeoutMs } = config;
  const supervisor = new Supervisor({
    workers,
    program: fileURLToPath(import.meta.url),
    delayMs,
    timeoutMs,
    logger: PinoLogger.of(config, { stream: new StdoutLines({ isShared: true }) }),
  });
  for (const signal of STOP_SIGNALS) process.on(signal, () => supervisor.onSignal(signal));
  process.exit(await supervisor.run());
}

try {
  await run();
} catch (error) {
  process.stderr.write(`${explain(error, given)}\n`);
  process.exit(1);
}
