interface Document {
  paths: Record<string, Record<string, { responses?: unknown }>>;
}

/** Only the caller may learn such members. One name too many only makes answers longer. */
const SECRET = /secret|token|password|credential/i;

/** Such as `GET /webhook/:id`. An operation that is not in the document is left out: its answer is not known. */
export function operationsWithoutSecrets(document: object): Set<string> {
  const { paths } = document as Document;
  const without = new Set<string>();
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, { responses }] of Object.entries(item)) {
      if (hasSecret(responses, document, new Set())) continue;
      without.add(`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
    }
  }
  return without;
}

function hasSecret(part: unknown, document: object, seen: Set<string>): boolean {
  if (typeof part !== 'object' || part === null) return false;
  const { $ref, properties } = part as { $ref?: unknown; properties?: unknown };
  if (typeof $ref === 'string' && !seen.has($ref)) {
    seen.add($ref);
    if (hasSecret(resolve($ref, document), document, seen)) return true;
  }
  if (typeof properties === 'object' && properties !== null) {
    if (Object.keys(properties).some((name) => SECRET.test(name))) return true;
  }
  return Object.values(part).some((value) => hasSecret(value, document, seen));
}

function resolve(reference: string, document: object): unknown {
  const names = reference.replace(/^#\//, '').split('/');
  return names.reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], document);
}
