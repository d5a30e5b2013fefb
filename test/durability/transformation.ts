/** What the transforming processes make of a record: a pure function of it and of where it stands. */
export function transformed(value: Uint8Array | null, partition: number, offset: number): string {
  return `${new TextDecoder().decode(value ?? undefined)}@${partition}:${offset}`;
}
