import { stableId } from './stable-id.js';
import { ADMIN_TOKEN, BASE_URL, TARGET_URL, TOKEN } from './variables.js';

export interface Environment {
  id: string;
  name: string;
  values: { key: string; value: string; type: 'default' | 'secret'; enabled: true }[];
  _postman_variable_scope: 'environment';
}

/**
 * The variables that a user fills in. Tokens are empty, because everybody can read this.
 *
 * @param server the address of this service
 */
export function postmanEnvironment(name: string, server: string): Environment {
  const value = (key: string, text: string): Environment['values'][number] => ({
    key,
    value: text,
    type: [TOKEN, ADMIN_TOKEN].includes(key) ? 'secret' : 'default',
    enabled: true,
  });
  return {
    id: stableId('environment'),
    name,
    values: [
      value(BASE_URL, server),
      value(TOKEN, ''),
      value(ADMIN_TOKEN, ''),
      value(TARGET_URL, 'https://example.com/webhook'),
    ],
    _postman_variable_scope: 'environment',
  };
}
