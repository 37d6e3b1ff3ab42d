export function toOpenApi30(document: object): Record<string, unknown>;
