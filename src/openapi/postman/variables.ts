/** The user gives these. Postman's environment has them, so that no token is in the collection. */
export const BASE_URL = 'base_url';
export const TOKEN = 'token';
export const ADMIN_TOKEN = 'admin_token';
export const TARGET_URL = 'target_url';

export function variable(name: string): string {
  return `{{${name}}}`;
}

/** `/api-token/{id}` names a resource by `api_token_id`; null: the path names none. */
export function idVariableOf(path: string): string | null {
  const [, resource] = /^\/([a-z-]+)(?:\/|$)/.exec(path) ?? [];
  return resource === undefined ? null : `${resource.replaceAll('-', '_')}_id`;
}
