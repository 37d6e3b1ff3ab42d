import type { IncomingMessage } from 'node:http';

/** Requests of which the query was left out, because it has more parameters than anybody asks for. */
const overfull = new WeakSet<IncomingMessage>();

/**
 * The path and query that a request names, for the router. A query with too many parameters is not parsed: 8,000 names
 * took 0.2 s.
 */
export function targetOf(request: IncomingMessage, maxQueryParameters: number): string {
  const target = decodable(withoutDoubledSlash(withoutAuthority(request.url ?? '/')));
  if (!hasMoreParameters(target, maxQueryParameters)) return target;
  overfull.add(request);
  return target.slice(0, target.indexOf('?'));
}

export function isQueryOverfull(request: IncomingMessage): boolean {
  return overfull.has(request);
}

/** A client may name the whole URL, as it does to a proxy (RFC 9112 §3.2.2). */
function withoutAuthority(url: string): string {
  if (url.startsWith('/')) return url;
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
  return target === '' || target.startsWith('?') ? `/${target}` : target;
}

/** Published clients join their base URL and the path with one slash too many. */
function withoutDoubledSlash(url: string): string {
  return url.startsWith('//') ? url.replace(/^\/+/, '/') : url;
}

/**
 * The router refuses a path that is not percent-encoded UTF-8. But it only names nothing, as any other unknown path or
 * id: so its percent signs are taken for themselves.
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
