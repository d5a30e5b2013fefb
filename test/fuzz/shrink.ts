/** Smaller inputs that might fail as well. */

/** Tries what is smaller, the smallest first, until nothing smaller fails, or the tries or the time are used up. */
export async function shrink<Input>(
  input: Input,
  smaller: (input: Input) => Iterable<Input>,
  fails: (input: Input) => Promise<boolean>,
  { triesMax, untilMs }: { readonly triesMax: number; readonly untilMs: number },
): Promise<Input> {
  let smallest = input;
  let tries = 0;
  for (let found = true; found;) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (tries >= triesMax || performance.now() > untilMs) return smallest;
      tries += 1;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

/** Without halves, quarters, and so on down to single elements. */
function* cuts<List extends { readonly length: number }>(
  list: List,
  without: (from: number, to: number) => List,
): Generator<List> {
  for (let part = list.length; part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let from = 0; from < list.length; from += part) yield without(from, Math.min(list.length, from + part));
  }
}

export function* smallerBytes(bytes: Uint8Array): Generator<Uint8Array> {
  yield* cuts(bytes, (from, to) => Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(to)]));
  for (let at = 0; at < Math.min(bytes.length, 512); at += 1) if (bytes[at] !== 0) yield bytes.with(at, 0);
}

export function* smallerText(text: string): Generator<string> {
  yield* cuts(text, (from, to) => text.slice(0, from) + text.slice(to));
  for (let at = 0; at < Math.min(text.length, 256); at += 1) {
    if (text[at] !== "a") yield `${text.slice(0, at)}a${text.slice(at + 1)}`;
  }
}

export function* smallerList<Item>(
  list: readonly Item[],
  smallerItem: (item: Item) => Iterable<Item>,
): Generator<readonly Item[]> {
  yield* cuts(list, (from, to) => [...list.slice(0, from), ...list.slice(to)]);
  for (const [at, item] of list.entries()) for (const smaller of smallerItem(item)) yield list.with(at, smaller);
}

export function* smallerJson(value: unknown): Generator {
  if (Array.isArray(value)) yield* smallerList<unknown>(value, smallerJson);
  else if (typeof value === "string") yield* smallerText(value);
  else if (typeof value === "number") {
    if (value !== 0) yield 0;
    if (value !== 1 && value !== 0) yield 1;
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    for (const [at] of entries.entries()) yield Object.fromEntries(entries.toSpliced(at, 1));
    for (const [at, [name, part]] of entries.entries()) {
      for (const smaller of smallerJson(part)) yield Object.fromEntries(entries.with(at, [name, smaller]));
    }
  }
}
