import type { IncomingMessage } from 'node:http';

export interface TargetRules {
  maxQueryParameters: number;
  isPath: (path: string) => boolean;
}

const overfull = new WeakSet<IncomingMessage>();

/** The path and query for the router. A query with too many parameters is not parsed: 8,000 names took 0.2 s. */
export function targetOf(request: IncomingMessage, { maxQueryParameters, isPath }: TargetRules): string {
  const named = decodable(withoutDoubledSlash(withoutAuthority(request.url ?? '/')));
  const target = withoutLastSlash(named, isPath);
  if (!hasMoreParameters(target, maxQueryParameters)) return target;
  overfull.add(request);
  return target.slice(0, target.indexOf('?'));
}

export function isQueryOverfull(request: IncomingMessage): boolean {
  return overfull.has(request);
}

/** A client may send the whole URL, as it does to a proxy (RFC 9112 §3.2.2). */
function withoutAuthority(url: string): string {
  if (url.startsWith('/')) return url;
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
  return target === '' || target.startsWith('?') ? `/${target}` : target;
}

/** Published clients put one slash too many between their base URL and the path. */
function withoutDoubledSlash(url: string): string {
  return url.startsWith('//') ? url.replace(/^\/+/, '/') : url;
}

function withoutLastSlash(url: string, isPath: (path: string) => boolean): string {
  const [path = ''] = url.split('?', 1);
  if (path.length < 2 || !path.endsWith('/') || isPath(path)) return url;
  return path.slice(0, -1) + url.slice(path.length);
}

/**
 * The router refuses a path that is not percent-encoded UTF-8. To us it is only unknown, so its percent signs are plain
 * characters.
 */
function decodable(url: string): string {
  const path = url.split('?', 1)[0]!;
  return isEncoded(path) ? url : path.replaceAll('%', '%25') + url.slice(path.length);
}

function isEncoded(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function hasMoreParameters(url: string, max: number): boolean {
  let at = url.indexOf('?');
  for (let count = 0; at !== -1; count += 1) {
    if (count === max) return true;
    at = url.indexOf('&', at + 1);
  }
  return false;
}
