import { ApiProperty, ApiSchema } from '@nestjs/swagger';

@ApiSchema({ name: 'Deleted' })
export class DeletedDto {
  @ApiProperty({
    type: 'string',
    format: 'uuid',
    description: 'The id of what was deleted.',
    example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7',
  })
  id: string;
}
