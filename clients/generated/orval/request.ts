import { apiToken, serviceUrl } from '../summary.js';

/** What the generated functions send through: it knows the service and the token. */
export async function request<T>(path: string, options: RequestInit): Promise<T> {
  const headers = { ...options.headers, Authorization: `Bearer ${apiToken}` };
  const response = await fetch(`${serviceUrl}${path}`, { ...options, headers });
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json');
  const data: unknown = await (isJson ? response.json() : response.text());
  return { data, status: response.status, headers: response.headers } as T;
}
