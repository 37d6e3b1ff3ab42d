import { ShownAnswers } from '../support/shown-answer.js';

const SHOWN = {
  id: '4a4de828-f4db-4c9e-adfd-434e0864c3c7',
  secret: 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff',
  status: 'pending',
  attempt_count: 1,
  duration_ms: 12,
  created_at: '2021-08-10T10:00:00.000Z',
  completed_at: null,
  signatures: `v1,${'A'.repeat(43)}= v1,${'B'.repeat(43)}=`,
  answers: [500, 200],
};
const REAL = {
  id: '01a21f9b-e473-7010-915a-f0e155d5c68a',
  secret: '1666ab30-a87f-4f25-9cfe-ddfbbdbfd896',
  status: 'pending',
  attempt_count: 1,
  duration_ms: 48,
  created_at: '2026-11-28T00:43:59.987Z',
  completed_at: null,
  signatures: `v1,${'a'.repeat(43)}= v1,${'b'.repeat(43)}=`,
  answers: [500, 200],
};
const { id, ...withoutId } = REAL;

describe('An answer that the guide shows', () => {
  const differenceOf = (real: unknown): string | null =>
    new ShownAnswers().differenceOf('json', JSON.stringify(SHOWN), JSON.stringify(real));

  it('stands for one with other ids, times, signatures and durations', () => {
    expect(differenceOf(REAL)).toBeNull();
  });

  it.each([
    ['a member less', withoutId, 'the members secret,'],
    ['a member more', { ...REAL, more: 1 }, 'answers,more, the page'],
    ['another order', { ...withoutId, id }, 'the members secret,'],
    ['another word', { ...REAL, status: 'failed' }, '.status is "failed", the page shows "pending"'],
    ['another count', { ...REAL, attempt_count: 2 }, '.attempt_count is 2, the page shows 1'],
    ['no duration', { ...REAL, duration_ms: null }, '.duration_ms is null'],
    ['a negative duration', { ...REAL, duration_ms: -1 }, '.duration_ms is -1'],
    ['an id that is none', { ...REAL, id: '17' }, '.id is "17"'],
    ['a time in another form', { ...REAL, created_at: '2026-11-28T00:43:59Z' }, '.created_at is'],
    ['a time instead of null', { ...REAL, completed_at: REAL.created_at }, '.completed_at is'],
    ['one signature less', { ...REAL, signatures: REAL.signatures.split(' ')[0] }, '.signatures is'],
    ['one answer more', { ...REAL, answers: [500, 200, 200] }, '.answers has 3 members, the page shows 2'],
    ['another answer', { ...REAL, answers: [500, 500] }, '.answers[1] is 500, the page shows 200'],
    ['the same id for two things', { ...REAL, secret: REAL.id }, '.secret is'],
    ['no JSON', 'oops', 'the answer is "oops"'],
  ])('does not stand for one with %s', (_, real, difference) => {
    expect(differenceOf(real)).toContain(difference);
  });

  it('has ids that stand for the same ones on all of its page', () => {
    const answers = new ShownAnswers();
    const idsOf = ({ id, secret }: typeof REAL): string => `${id} ${secret}`;
    expect(answers.differenceOf('text', idsOf(SHOWN), idsOf({ ...REAL, secret: 'none' }))).toContain('none');
    expect(answers.differenceOf('text', idsOf(SHOWN), idsOf(REAL))).toBeNull();
    expect(answers.differenceOf('text', SHOWN.secret, REAL.secret)).toBeNull();
    expect(answers.differenceOf('text', SHOWN.id, REAL.secret)).toContain(REAL.secret);
  });
});
