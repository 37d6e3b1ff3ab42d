import type { DataSource } from 'typeorm';
import { OperatorError } from '../common/operator-error.js';
import { MIGRATIONS_TABLE } from './migrator.js';

const TABLES = ['environment', 'webhook', 'delivery_queue', 'event', 'delivery', 'attempt'];
const ROLES = 'docs/operations.md, "Roles", has all of them.';

/**
 * Checks what the settings of the session do not show (session-settings.ts).
 *
 * @throws OperatorError when nothing can be written, or no table can be found.
 */
export async function refuseUnfitSession(dataSource: DataSource): Promise<void> {
  const [{ isStandby, schema }] = await dataSource.query<[{ isStandby: boolean; schema: string | null }]>(
    'SELECT pg_is_in_recovery() AS "isStandby", current_schema() AS schema',
  );
  if (isStandby) {
    throw new OperatorError('The database is a standby, which takes no writes. Let DATABASE_URL name the primary.');
  }
  if (schema === null) {
    throw new OperatorError(
      'The role sees no schema: its search_path names none that there is and that it may use. Grant it USAGE on one (GRANT USAGE ON SCHEMA).',
    );
  }
}

/** @throws OperatorError when no migration is allowed here, or this role could not run one. */
export async function refuseSchemaOfOthers(dataSource: DataSource, mayMigrate: boolean): Promise<void> {
  const [facts] = await dataSource.query<
    [{ role: string; schema: string; mayCreate: boolean; owner: string | null; isMigrated: boolean }]
  >(
    `SELECT quote_ident(current_user) AS role,
            quote_ident(current_schema()) AS schema,
            has_schema_privilege(current_schema(), 'CREATE') AS "mayCreate",
            (SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class
              WHERE relnamespace = current_schema()::regnamespace AND relname = ANY ($1) AND NOT pg_has_role(relowner, 'USAGE')
              LIMIT 1) AS owner,
            to_regclass($2) IS NOT NULL AS "isMigrated"`,
    [TABLES, MIGRATIONS_TABLE],
  );
  const { role, schema, mayCreate, owner, isMigrated } = facts;
  const state = isMigrated ? 'The schema is of another version' : 'The database is empty';
  if (!mayMigrate) {
    throw new OperatorError(
      `${state}, and MIGRATE_ON_START is false. Run \`npm run migrate\` of this version first, with a DATABASE_URL of the role that owns the tables.`,
    );
  }
  if (owner !== null && isMigrated) {
    throw new OperatorError(
      `${state}, and its tables belong to ${owner}, not to ${role}. Let ${owner} migrate (npm run migrate), or give them to ${role}: REASSIGN OWNED BY ${owner} TO ${role}`,
    );
  }
  if (!mayCreate) {
    throw new OperatorError(
      `${state}, and ${role} may create nothing in the schema ${schema}. As its owner: GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}`,
    );
  }
}

/**
 * Checks that the role may use the schema, and that functions that create and drop days act for the owner of the
 * tables. A restored dump can fail both.
 *
 * @throws OperatorError with the grant.
 */
export async function refuseMissingPrivileges(dataSource: DataSource): Promise<void> {
  const [facts] = await dataSource.query<
    [{ role: string; schema: string; closed: string | null; uncallable: string | null; foreign: string | null }]
  >(
    `WITH ours AS (
       SELECT relnamespace AS schema, relowner AS owner FROM pg_class WHERE oid = 'environment'::regclass
     )
     SELECT quote_ident(current_user) AS role,
            ours.schema::regnamespace::text AS schema,
            (SELECT min(relname) FROM pg_class
              WHERE relnamespace = ours.schema AND relowner = ours.owner AND relkind IN ('r', 'p') AND NOT relispartition
                AND NOT (has_table_privilege(oid, 'SELECT') AND (relname = $1 OR has_table_privilege(oid, 'INSERT')))
            ) AS closed,
            (SELECT min(oid::regprocedure::text) FROM pg_proc
              WHERE pronamespace = ours.schema AND proowner = ours.owner AND NOT has_function_privilege(oid, 'EXECUTE')
            ) AS uncallable,
            (SELECT min(quote_ident(relname)) FROM pg_class c, pg_proc p
              WHERE c.oid = ANY ($2::regclass[]) AND p.oid = ANY ($3::regprocedure[]) AND NOT pg_has_role(p.proowner, c.relowner, 'USAGE')
            ) AS foreign
       FROM ours`,
    [MIGRATIONS_TABLE, TABLES, ['make_day(text, integer)', 'drop_day(text, integer)']],
  );
  const { role, schema, closed, uncallable, foreign } = facts;
  if (closed !== null) {
    throw new OperatorError(
      `${role} may not use the table ${closed}. As its owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}. ${ROLES}`,
    );
  }
  if (uncallable !== null) {
    throw new OperatorError(
      `${role} may not call ${uncallable}. As its owner: GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role}. ${ROLES}`,
    );
  }
  if (foreign !== null) {
    throw new OperatorError(
      `The table ${foreign} does not belong to the owner of the functions make_day and drop_day, which a restore can cause. Give both to one role: ALTER TABLE ${foreign} OWNER TO …, ALTER FUNCTION … OWNER TO …`,
    );
  }
}
