export const BEARER = 'bearer';

/** Documented in place of scopes where scopes are not enough. */
export const ADMIN_ROLE = 'admin';

export const BEARER_DESCRIPTION =
  'The admin token or an API token. With `npm start` both are files: `.data/api-token` and `.data/admin-token`. Elsewhere the ' +
  'admin token is the setting ADMIN_TOKEN, and `POST /api-token` makes API tokens. Each operation lists the scopes that an API ' +
  `token needs: it must hold all of them; an empty list asks for any token, \`${ADMIN_ROLE}\` for the admin token, which may do ` +
  'everything. A token of one webhook (`webhook_id` of `POST /api-token`) may use the operations under `/webhook/{id}`, ' +
  '`POST /webhook/test` and those of deliveries, and `GET /webhook`, for that webhook: others are not there. What acts on the ' +
  'environment is a 403.';
