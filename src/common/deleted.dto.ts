import { ApiProperty, ApiSchema } from '@nestjs/swagger';

/** The answer to a deletion. */
@ApiSchema({ name: 'Deleted' })
export class DeletedDto {
  @ApiProperty({ type: 'string', format: 'uuid', description: 'The id of what was deleted.' })
  id: string;
}
