import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('a test database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  it('answers times as instants, whatever the session thinks the time zone is', async () => {
    const rows = await database.dataSource.query<{ at: Date }[]>(
      `SELECT '2026-11-23T16:00:00.123Z'::timestamptz AS at`,
    );
    expect(rows[0]?.at.toISOString()).toBe('2026-11-23T16:00:00.123Z');
  });
});
