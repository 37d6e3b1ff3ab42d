import type { StoredFunction } from './statements/stored-statement.js';

export interface FeatureSchema {
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
