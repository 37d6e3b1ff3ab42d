import { setPriority } from 'node:os';
import { HelperProcess } from './helpers/helper-process.js';
import type { Workspace } from './workspace.js';

/** The priority ("nice") of helpers that elsewhere would have machines of their own. */
export const BEHIND_THE_SERVICE = 10;

/** It ends with the run at the latest. */
export function startHelper<P extends { [Name in keyof P]: (argument: never) => unknown }>(
  workspace: Workspace,
  name: string,
  priority = 0,
): HelperProcess<P> {
  const helper = HelperProcess.start<P>(new URL(`./helpers/${name}-process.ts`, import.meta.url));
  if (priority !== 0) setPriority(helper.pid, priority);
  workspace.defer(() => helper.stop());
  return helper;
}
