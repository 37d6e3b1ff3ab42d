import type { StoredFunction } from './statements/stored-statement.js';

/** What a feature has in the database beside the tables, which migrations make. */
export interface FeatureSchema {
  /** The classes that TypeORM maps to tables. */
  readonly entities: readonly (new () => object)[];
  /** A start stores those that are missing. */
  readonly statements: readonly StoredFunction[];
}

export function joinSchemas(...features: readonly FeatureSchema[]): FeatureSchema {
  return {
    entities: features.flatMap(({ entities }) => entities),
    statements: features.flatMap(({ statements }) => statements),
  };
}
