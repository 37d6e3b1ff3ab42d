/** A place in a JSON text: what is written before and after it. */
export interface Slot {
  /** As `events.0.payload`; empty for the whole. */
  path: string;
  head: string;
  tail: string;
  /** What stands there. */
  value: unknown;
}

export interface Slots {
  /** Where another value can stand: in place of the whole, and of each member and item. */
  values: Slot[];
  /** Where an object can have members beside its own. */
  members: Slot[];
  /** Where white space can stand. */
  spaces: Slot[];
}

/** Every place in the text of a value where something else, or more, can stand. */
export function slotsOf(value: unknown): Slots {
  const slots: Slots = { values: [], members: [], spaces: [] };
  collect(slots, { path: '', head: '', tail: '', value });
  return slots;
}

function collect(slots: Slots, slot: Slot): void {
  const { path, head, tail, value } = slot;
  slots.values.push(slot);
  if (typeof value !== 'object' || value === null) return;
  const isArray = Array.isArray(value);
  const [open, close] = isArray ? '[]' : '{}';
  const parts = Object.entries(value).map(([name, member]) => ({
    name,
    member: member as unknown,
    lead: isArray ? '' : `${JSON.stringify(name)}:`,
  }));
  const written = parts.map(({ lead, member }) => lead + JSON.stringify(member));
  const after = `${close}${tail}`;
  const all = `${head}${open}${written.join()}`;
  slots.spaces.push({ path, head: all, tail: after, value });
  if (!isArray) slots.members.push({ path, head: parts.length > 0 ? `${all},` : all, tail: after, value });
  for (const [at, { name, member, lead }] of parts.entries()) {
    const before = written.slice(0, at).map((part) => `${part},`);
    const behind = written.slice(at + 1).map((part) => `,${part}`);
    collect(slots, {
      path: path ? `${path}.${name}` : name,
      head: `${head}${open}${before.join('')}${lead}`,
      tail: `${behind.join('')}${after}`,
      value: member,
    });
  }
}
