import type { OpenAPIObject } from '@nestjs/swagger';

export const RECOVER_RESULT_REF = { $ref: '#/components/schemas/RecoverResult' };

/**
 * One schema for both statuses of `POST /webhook/{id}/recover`. Of two, generated clients take the first for either,
 * and fail on the other.
 */
export function documentRecoverResult(document: OpenAPIObject): void {
  const components = (document.components ??= {});
  components.schemas = {
    ...components.schemas,
    RecoverResult: {
      description: 'The recovery that has begun or, with `dry_run`, how many deliveries it would queue.',
      // This order, because a recovery has all that a count has, too.
      anyOf: [{ $ref: '#/components/schemas/Recovery' }, { $ref: '#/components/schemas/RecoveryCount' }],
    },
  };
}
