/** Which methods each path has, so that a request with another one is told apart from an unknown path (405, not 404). */
export class RouteTable {
  readonly #routes = new Map<string, { segments: string[]; methods: Set<string> }>();

  /** @param pattern As the router has it: `/webhook/:id`, `/docs/*`. */
  add(methods: string | readonly string[], pattern: string): void {
    const route = this.#routes.get(pattern) ?? { segments: pattern.split('/'), methods: new Set() };
    for (const method of [methods].flat()) route.methods.add(method);
    this.#routes.set(pattern, route);
  }

  /** The methods of every route that this path meets, in alphabetical order; none for an unknown path. */
  methodsOf(path: string): string[] {
    const segments = path.split('/');
    const matching = [...this.#routes.values()].filter((route) => meets(route.segments, segments));
    return [...new Set(matching.flatMap(({ methods }) => [...methods]))].sort();
  }
}

function meets(pattern: string[], segments: string[]): boolean {
  const wildcard = pattern.indexOf('*');
  if (wildcard === -1 ? pattern.length !== segments.length : segments.length <= wildcard) return false;
  const fixed = wildcard === -1 ? pattern : pattern.slice(0, wildcard);
  return fixed.every((part, index) => (part.startsWith(':') ? segments[index] !== '' : part === segments[index]));
}
