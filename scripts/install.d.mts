/** Installs the packages that the lock file of this directory asks for, where they are missing or stale. */
export function ensureInstalled(root: string): void;
