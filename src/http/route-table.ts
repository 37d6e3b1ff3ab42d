interface Route {
  segments: string[];
  methods: Set<string>;
}

/**
 * The methods of each path, so that a wrong method (405) differs from an unknown path (404). As in OpenAPI,
 * `/webhook/test` has its own methods, and none of `/webhook/:id`.
 */
export class RouteTable {
  private readonly fixed = new Map<string, Set<string>>();
  private readonly patterns = new Map<string, Route>();

  /** @param pattern as the router writes it: `/webhook/:id`, `/docs/*`. */
  add(methods: string | readonly string[], pattern: string): void {
    const known = this.methodsAt(pattern);
    for (const method of [methods].flat()) known.add(method);
  }

  isPath(path: string): boolean {
    return this.fixed.has(path);
  }

  /** This path is a route itself, but the router matched another route, which has the method. */
  isOfAnother(path: string, pattern: string | undefined): boolean {
    return path !== pattern && this.isPath(path);
  }

  methodsOf(path: string): string[] {
    const fixed = this.fixed.get(path);
    if (fixed) return [...fixed].sort();
    const segments = path.split('/');
    const matching = [...this.patterns.values()].filter((route) => meets(route.segments, segments));
    return [...new Set(matching.flatMap(({ methods }) => [...methods]))].sort();
  }

  private methodsAt(pattern: string): Set<string> {
    if (!/[:*]/.test(pattern)) {
      const methods = this.fixed.get(pattern) ?? new Set();
      this.fixed.set(pattern, methods);
      return methods;
    }
    const route = this.patterns.get(pattern) ?? { segments: pattern.split('/'), methods: new Set() };
    this.patterns.set(pattern, route);
    return route.methods;
  }
}

function meets(pattern: string[], segments: string[]): boolean {
  const wildcard = pattern.indexOf('*');
  if (wildcard === -1 ? pattern.length !== segments.length : segments.length <= wildcard) return false;
  const fixed = wildcard === -1 ? pattern : pattern.slice(0, wildcard);
  return fixed.every((part, index) => (part.startsWith(':') ? segments[index] !== '' : part === segments[index]));
}
