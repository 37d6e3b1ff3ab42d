import { apiToken, serviceUrl } from '../summary.js';

/** What the generated functions send through: it knows the service and the token. */
export async function request<T>(path: string, options: RequestInit): Promise<T> {
  const headers = { ...options.headers, Authorization: `Bearer ${apiToken}` };
  const response = await fetch(`${serviceUrl}${path}`, { ...options, headers });
  return { data: await response.json(), status: response.status, headers: response.headers } as T;
}
