import { InitialSchema1764000000000 } from './1764000000000-initial-schema.js';

/** In the order they run. A migration that is not listed here does not exist: no glob can miss or find one by surprise. */
export const migrations = [InitialSchema1764000000000];
