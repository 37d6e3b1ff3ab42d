import type pg from 'pg';
import type { HelperProcess } from './helpers/helper-process.js';
import type { LoadProcedures } from './helpers/load-process.js';
import type { ReceiverProcedures } from './helpers/receiver-process.js';
import type { ReceiverName } from './helpers/answers.js';
import type { Options } from './options.js';
import type { Result } from './report/result.js';
import type { Engine } from './service/engine.js';
import { Installation } from './service/installation.js';
import type { Workspace } from './workspace.js';

export interface Context {
  engine: Engine;
  options: Options;
  workspace: Workspace;
  receiver: HelperProcess<ReceiverProcedures>;
  receiverPort: number;
  /** How it answers. */
  receiverName: ReceiverName;
  load: HelperProcess<LoadProcedures>;
  /** Of the scenarios before. */
  results: readonly Result[];
}

/** A running installation and a connection to its database. */
export interface Site {
  installation: Installation;
  client: pg.Client;
}

export interface SiteOptions {
  /** Beside those that the service always gets. */
  settings?: Record<string, string>;
  /** On one database. Default 1. */
  replicas?: number;
}

/** Removes the installation afterwards. */
export async function onFreshSite<T>(
  context: Context,
  { settings, replicas = 1 }: SiteOptions,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const installation = await newInstallation(context, settings);
  try {
    for (let index = 0; index < replicas; index += 1) await installation.start();
    const result = await onSite(installation, work);
    // Node writes the profile of a process that ends by itself.
    if (context.options.profileDirectory !== null) await installation.stop();
    return result;
  } finally {
    await installation.remove();
  }
}

/** Without any process yet; removed at the end of the run at the latest. */
export async function newInstallation(
  { engine, workspace, options: { profileDirectory, settings: given, isServiceFirst: goesFirst } }: Context,
  own: Record<string, string> = {},
): Promise<Installation> {
  const storage = await engine.makeStorage();
  const nodeOptions = profileDirectory === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
  const settings = { ...given, ...own };
  const installation = new Installation(storage, { directory: workspace.directory, settings, nodeOptions, goesFirst });
  workspace.defer(() => installation.remove());
  if (workspace.isClosing) {
    await installation.remove();
    throw new Error('the run was interrupted');
  }
  return installation;
}

export async function onSite<T>(installation: Installation, work: (site: Site) => Promise<T>): Promise<T> {
  const client = await installation.storage.connect();
  try {
    return await work({ installation, client });
  } finally {
    await client.end();
  }
}
