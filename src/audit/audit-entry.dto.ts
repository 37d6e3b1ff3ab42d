import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp, ApiUuid } from '../common/api-property.js';
import { namedEnum } from '../common/named-enum.js';
import {
  AUDIT_ACTIONS,
  AUDITED_RESOURCE_TYPES,
  type AuditAction,
  type AuditEntry,
  type AuditedResourceType,
} from './audit-entry.js';

export const AUDIT_ACTION = namedEnum(
  'AuditAction',
  AUDIT_ACTIONS,
  'What was done. `rotated`: a webhook got a new secret. `retried`: a delivery was. `recovered`: what a webhook missed ' +
    'was asked for.',
);

@ApiSchema({ name: 'AuditEntry' })
export class AuditEntryDto {
  @ApiUuid({ example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61' })
  id: string;

  @ApiUuid({
    description: 'The environment that the resource belongs to, or that it is.',
    example: '05daecaf-4365-42e8-8370-8127de5dd717',
  })
  environment_id: string;

  @ApiProperty({
    type: 'string',
    description: 'Who did it: the id of an API token, `admin` for the admin token, `system` for Tidings itself.',
    example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  })
  actor: string;

  @ApiProperty({ ...AUDIT_ACTION, example: 'changed' })
  action: AuditAction;

  @ApiProperty({
    ...namedEnum('AuditedResourceType', AUDITED_RESOURCE_TYPES, 'What it was done to.'),
    example: 'webhook',
  })
  resource_type: AuditedResourceType;

  @ApiUuid({ example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' })
  resource_id: string;

  @ApiProperty({
    type: 'string',
    isArray: true,
    description:
      'The names of the fields that a change changed, never what they held; `health` where what was known against an ' +
      'endpoint was forgotten, `recovery` where one was stopped. Empty for any other action.',
    example: ['is_active'],
  })
  changed_fields: readonly string[];

  @ApiTimestamp()
  created_at: string;
}

export function toAuditEntryDto(entry: AuditEntry): AuditEntryDto {
  return {
    id: entry.id,
    environment_id: entry.environmentId,
    actor: entry.actor,
    action: entry.action,
    resource_type: entry.resourceType,
    resource_id: entry.resourceId,
    changed_fields: entry.changedFields,
    created_at: entry.createdAt.toISOString(),
  };
}
