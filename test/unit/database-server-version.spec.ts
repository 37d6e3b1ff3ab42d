import { DatabaseTooOldError, refuseOldServer } from '../../src/database/data-source.js';

describe('the version of the server', () => {
  it('may be 14 or newer', () => {
    expect(() => refuseOldServer({ number: 140_000, text: '14.0' })).not.toThrow();
    expect(() => refuseOldServer({ number: 180_001, text: '18.1' })).not.toThrow();
  });

  it('may not be older, and the error names both', () => {
    expect(() => refuseOldServer({ number: 130_022, text: '13.22 (Debian)' })).toThrow(DatabaseTooOldError);
    expect(() => refuseOldServer({ number: 130_022, text: '13.22 (Debian)' })).toThrow(
      'The database is PostgreSQL 13.22 (Debian). Tidings needs PostgreSQL 14 or newer.',
    );
  });
});
