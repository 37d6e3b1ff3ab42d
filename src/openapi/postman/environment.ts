import { stableId } from './stable-id.js';
import { ADMIN_TOKEN, BASE_URL, TARGET_URL, TOKEN } from './variables.js';

/** In the form that Postman exports. */
export interface Environment {
  id: string;
  name: string;
  values: { key: string; value: string; type: 'default' | 'secret'; enabled: true }[];
  _postman_variable_scope: 'environment';
}

/**
 * What the collection is told by its user: where Tidings is, by which tokens, and where webhooks deliver to. The tokens are
 * empty: this is read by everybody.
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
