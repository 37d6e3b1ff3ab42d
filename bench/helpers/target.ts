/**
 * How an endpoint answers. `ok`: 200, as the receiver of the run does. `late`: 200 after 5 s. `slow`: 200 after 14 s, shortly
 * before the deadline of an attempt. `hang`: not at all. `reset`: it breaks the connection.
 */
export type Behaviour = 'ok' | 'late' | 'slow' | 'hang' | 'reset';

export function targetUrl(port: number, behaviour: Behaviour, index: number): string {
  return `http://127.0.0.1:${port}/${behaviour}/${index}`;
}

const REQUEST_LINE = /^POST \/(\w+)\/(\d+) /;

export function targetOf(request: string): { behaviour: Behaviour; index: number } {
  const [, behaviour, index] = REQUEST_LINE.exec(request) ?? [];
  return { behaviour: behaviour as Behaviour, index: Number(index) };
}
