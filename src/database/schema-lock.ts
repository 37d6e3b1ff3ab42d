/** The advisory lock (`pg_advisory_xact_lock`) of whoever changes tables: migrations and daily partitions. "tidings" in ASCII, shortened. */
export const SCHEMA_LOCK = 0x746964;
