/** JSON as a command writes it for people and programs alike, with a line's end. */
export function formatJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
