import type { Webhook } from '../../src/webhooks/webhook.entity.js';
import { disabled, patched, revisionOf } from '../../src/webhooks/webhook-change.js';

const CREATED = new Date('2021-08-10T10:00:00.000Z');
const NOW = new Date('2021-08-11T12:30:00.250Z');

const active: Webhook = {
  environmentId: '05daecaf-4365-42e8-8370-8127de5dd717',
  id: '4a4de828-f4db-4c9e-adfd-434e0864c3c7',
  targetUrl: 'https://example.com/webhook',
  isActive: true,
  eventTypes: ['record:created'],
  revision: 3,
  disabledAt: null,
  disabledReason: null,
  createdAt: CREATED,
  updatedAt: CREATED,
  deletedAt: null,
};
const inactive: Webhook = { ...active, isActive: false, disabledAt: CREATED, disabledReason: 'failing' };

describe('A patch', () => {
  it.each([
    ['is empty', {}],
    ['has undefined members', { targetUrl: undefined, isActive: undefined, eventTypes: undefined }],
    ['repeats what is', { targetUrl: active.targetUrl, isActive: true, eventTypes: ['record:created' as const] }],
  ])('that %s changes nothing', (_, patch) => {
    expect(patched(active, patch, NOW)).toBeNull();
  });

  it('moves the revision and updated_at and nothing else beside what it names', () => {
    const transition = patched(active, { eventTypes: ['record:deleted', 'record:created'] }, NOW);
    expect(transition).toEqual({
      webhook: { ...active, eventTypes: ['record:deleted', 'record:created'], revision: 4, updatedAt: NOW },
      kind: null,
      changedFields: ['event_types'],
    });
  });

  it('subscribes to every type with null', () => {
    expect(patched(active, { eventTypes: null }, NOW)?.webhook.eventTypes).toBeNull();
    expect(patched({ ...active, eventTypes: null }, { eventTypes: null }, NOW)).toBeNull();
  });

  it('moves updated_at also within the millisecond of the change before, and when the clock was set back', () => {
    const recent = { ...active, updatedAt: NOW };
    const later = new Date(NOW.getTime() + 1);
    expect(patched(recent, { eventTypes: null }, NOW)?.webhook.updatedAt).toEqual(later);
    expect(patched(recent, { eventTypes: null }, CREATED)?.webhook.updatedAt).toEqual(later);
  });

  it('of the target concerns the deliveries of an active webhook alone', () => {
    const patch = { targetUrl: 'https://example.org/' };
    expect(patched(active, patch, NOW)).toMatchObject({ kind: 'retargeted', webhook: patch });
    expect(patched(inactive, patch, NOW)).toMatchObject({ kind: null, webhook: patch });
  });

  it('deactivates by hand', () => {
    const transition = patched(active, { isActive: false }, NOW);
    expect(transition).toMatchObject({
      kind: 'deactivated',
      webhook: { isActive: false, disabledAt: NOW, disabledReason: 'manual' },
    });
  });

  it('activates afresh, whatever had made the webhook inactive', () => {
    const transition = patched(inactive, { isActive: true, targetUrl: 'https://example.org/' }, NOW);
    expect(transition).toMatchObject({
      kind: 'reactivated',
      webhook: { isActive: true, disabledAt: null, disabledReason: null, targetUrl: 'https://example.org/' },
    });
  });

  it('leaves the reason of an inactive webhook when it says inactive again', () => {
    expect(patched(inactive, { isActive: false }, NOW)).toBeNull();
    const transition = patched(inactive, { isActive: false, eventTypes: null }, NOW);
    expect(transition).toMatchObject({ kind: null, webhook: { disabledAt: CREATED, disabledReason: 'failing' } });
  });

  it('names the fields that it changed, and no other that it has', () => {
    const same = { targetUrl: active.targetUrl, isActive: true, eventTypes: active.eventTypes };
    const other = { targetUrl: 'https://example.org/', isActive: false, eventTypes: null };
    expect(patched(active, { ...same, targetUrl: other.targetUrl }, NOW)?.changedFields).toEqual(['target_url']);
    expect(patched(active, { ...same, isActive: false }, NOW)?.changedFields).toEqual(['is_active']);
    expect(patched(active, { ...same, eventTypes: null }, NOW)?.changedFields).toEqual(['event_types']);
    expect(patched(active, other, NOW)?.changedFields).toEqual(['target_url', 'is_active', 'event_types']);
  });

  it('leaves the webhook that it was given as it is', () => {
    const given = structuredClone(active);
    patched(given, { isActive: false, targetUrl: 'https://example.org/', eventTypes: null }, NOW);
    expect(given).toEqual(active);
  });
});

describe('Disabling', () => {
  it('records since when and why', () => {
    expect(disabled(active, 'gone', NOW)).toEqual({
      kind: 'deactivated',
      changedFields: ['is_active'],
      webhook: {
        ...active,
        isActive: false,
        disabledAt: NOW,
        disabledReason: 'gone',
        revision: 4,
        updatedAt: NOW,
      },
    });
  });

  it('does nothing to a webhook that is inactive', () => {
    expect(disabled(inactive, 'gone', NOW)).toBeNull();
  });
});

describe('A revision', () => {
  it('is the state with who made it, and when', () => {
    expect(revisionOf(active, 'admin')).toEqual({
      environmentId: active.environmentId,
      webhookId: active.id,
      revision: 3,
      targetUrl: active.targetUrl,
      isActive: true,
      eventTypes: ['record:created'],
      isDeleted: false,
      changedBy: 'admin',
      changedAt: CREATED,
    });
  });
});
