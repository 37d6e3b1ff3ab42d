import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import { growingEnum, namedEnum } from '../../openapi/named-enum.js';
import { AUDIT_ACTIONS, AUDITED_RESOURCE_TYPES, type AuditAction, type AuditedResourceType } from '../audit-entry.js';
import type { AuditEntry } from '../audit-entry.entity.js';

const ACTIONS =
  'What was done. `rotated`: a webhook got a new secret. `retried`: a delivery was. `recovered`: what a webhook missed ' +
  'was asked for.';

export const AUDIT_ACTION_FILTER = namedEnum('AuditActionFilter', AUDIT_ACTIONS, ACTIONS);

@ApiSchema({ name: 'AuditEntry' })
export class AuditEntryDto {
  @ApiUuid({ description: 'The id of the entry.', example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61' })
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

  @ApiProperty({
    ...growingEnum('AuditAction', AUDIT_ACTIONS, ACTIONS),
    description: 'What was done.',
    example: 'changed',
  })
  action: AuditAction;

  @ApiProperty({
    ...growingEnum('AuditedResourceType', AUDITED_RESOURCE_TYPES, 'A kind of resource.'),
    description: 'What kind of resource it was done to.',
    example: 'webhook',
  })
  resource_type: AuditedResourceType;

  @ApiUuid({ description: 'The id of what it was done to.', example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' })
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

  @ApiTimestamp({ description: 'When it was done.' })
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
    changed_fields: entry.changedFields ?? [],
    created_at: entry.createdAt.toISOString(),
  };
}
