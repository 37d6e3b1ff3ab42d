import { type ApiDocument, successOf } from './api-document.js';
import { type Auth, bearer, type Located, requestItem, type RequestItem, type Surroundings } from './request-item.js';
import { stableId } from './stable-id.js';
import { idVariableOf, TOKEN } from './variables.js';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

const HOW_TO =
  'Choose the environment that belongs to it, and set `token`, `admin_token` and `target_url` there. A run from top to bottom ' +
  'makes one of everything, uses it, and deletes it in the end. Parameters that are optional are there, and off.';

const DELETIONS = 'Deletions';
const UNTAGGED = 'Other';
/** It can be read only after a deletion. */
const AFTER_DELETION = new Set(['getEnvironmentErasure']);

/** https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html */
export interface Collection {
  info: { _postman_id: string; name: string; description: string; schema: string };
  auth: Auth;
  variable: { key: string; value: string }[];
  item: Folder[];
}

interface Folder {
  id: string;
  name: string;
  description: string;
  item: RequestItem[];
}

/**
 * A request for each operation, in the order in which they can be sent: a folder for each tag, and deletions last,
 * newest first. It has no token, and is the same for the same document.
 */
export function postmanCollection(document: ApiDocument): Collection {
  const located = operationsOf(document);
  const surroundings = surroundingsOf(located, document);
  const folder = (name: string, description: string, operations: readonly Located[]): Folder => ({
    id: stableId(`folder ${name}`),
    name,
    description,
    item: operations.map((one) => requestItem(one, surroundings)),
  });
  const isLast = ({ method, operation }: Located): boolean =>
    method === 'DELETE' || AFTER_DELETION.has(operation.operationId);
  const last = located.filter(isLast);
  const deletions = [
    ...last.filter(({ method }) => method === 'DELETE').reverse(),
    ...last.filter(({ method }) => method !== 'DELETE'),
  ];
  const tags = new Map(document.tags.map(({ name, description = '' }) => [name, description]));
  for (const one of located) if (!tags.has(tagOf(one))) tags.set(tagOf(one), '');
  const folders = [...tags].map(([name, description]) =>
    folder(
      name,
      description,
      located.filter((one) => tagOf(one) === name && !isLast(one)),
    ),
  );
  return {
    info: {
      _postman_id: stableId('collection'),
      name: document.info.title,
      description: [HOW_TO, document.info.description].filter(Boolean).join('\n\n'),
      schema: SCHEMA,
    },
    auth: bearer(TOKEN),
    variable: [...surroundings.ids].map((key) => ({ key, value: '' })),
    item: [
      // Requests to receivers are not ours.
      ...folders.filter(({ item }) => item.length > 0),
      folder(DELETIONS, 'What takes away what the requests above have made.', deletions),
    ],
  };
}

function tagOf({ operation: { tags = [] } }: Located): string {
  return tags[0] ?? UNTAGGED;
}

function operationsOf({ paths }: ApiDocument): Located[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

function surroundingsOf(located: readonly Located[], document: ApiDocument): Surroundings {
  const named = located.filter(({ path }) => path.includes('{id}')).map(({ path }) => idVariableOf(path)!);
  const ids = new Set(named);
  const keeping = new Map<string, readonly string[]>();
  for (const id of ids) {
    const keeper = keeperOf(id, located, document);
    if (keeper) keeping.set(keeper.operationId, keeper.lines);
  }
  return { document, ids, keeping };
}

/**
 * The operation whose answer has the id: the one that creates the resource or, if there is none, the one that lists it.
 */
function keeperOf(
  id: string,
  located: readonly Located[],
  document: ApiDocument,
): { operationId: string; lines: string[] } | null {
  const ofAll = located.filter(({ path }) => !path.slice(1).includes('/') && idVariableOf(path) === id);
  const withMember = (method: string, member: string): Located | undefined =>
    ofAll.find((one) => one.method === method && member in (successOf(one.operation, document)?.properties ?? {}));
  const set = (value: string): string => `pm.collectionVariables.set('${id}', ${value});`;
  const maker = withMember('POST', 'id');
  if (maker) return { operationId: maker.operation.operationId, lines: [set('pm.response.json().id')] };
  const list = withMember('GET', 'result');
  if (!list) return null;
  const lines = ['const [newest] = pm.response.json().result;', `if (newest) ${set('newest.id')}`];
  return { operationId: list.operation.operationId, lines };
}
