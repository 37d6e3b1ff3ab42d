/** The advisory lock (`pg_advisory_xact_lock`) for migrations and daily partitions. "tid" in ASCII. */
export const SCHEMA_LOCK = 0x746964;
