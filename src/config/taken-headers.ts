/**
 * Headers with a meaning for a receiver, a proxy before it, or the connection: a body signature under such a name would
 * be misread. `Signature` (RFC 9421) is not among them: other platforms sign under that name.
 */
const TAKEN_HEADERS = new Set([
  // Headers of every attempt, and the framing of a request (RFC 9110, 9112, 7540).
  'accept',
  'connection',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  // Who sends it, and what for (RFC 9110, 6265, 6454, 5789, 9218).
  'authorization',
  'cookie',
  'cookie2',
  'dnt',
  'from',
  'idempotency-key',
  'max-forwards',
  'origin',
  'prefer',
  'priority',
  'range',
  'referer',
  'set-cookie',
  'set-cookie2',
  'upgrade-insecure-requests',
  'www-authenticate',
  // Headers of answers (RFC 9110, 9111, 7838, 8470).
  'age',
  'allow',
  'alt-svc',
  'alt-used',
  'authentication-info',
  'cache-control',
  'date',
  'early-data',
  'etag',
  'expires',
  'last-modified',
  'link',
  'location',
  'pragma',
  'retry-after',
  'server',
  'strict-transport-security',
  'vary',
  'via',
  'warning',
  // WebDAV (RFC 4918).
  'depth',
  'destination',
  'lock-token',
  'overwrite',
  'timeout',
  // The origin, as proxies tell it (RFC 7239 and custom).
  'cdn-loop',
  'client-ip',
  'forwarded',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-real-ip',
  // Traces (W3C Trace Context, Baggage, B3), and the name of a request.
  'b3',
  'baggage',
  'traceparent',
  'tracestate',
  'x-correlation-id',
  'x-request-id',
  // Frameworks take another method, path or host from these.
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-url',
]);

/** Whole families, those to come included. `webhook-` is that of Standard Webhooks. */
const TAKEN_FAMILIES = [
  'accept-',
  'access-control-',
  'cf-',
  'content-',
  'if-',
  'proxy-',
  'sec-',
  'webhook-',
  'x-amzn-',
  'x-b3-',
  'x-envoy-',
  'x-forwarded-',
];

export function isTakenHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return TAKEN_HEADERS.has(lower) || TAKEN_FAMILIES.some((family) => lower.startsWith(family));
}
