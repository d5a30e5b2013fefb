/** Lists of words in a znode's data. */

export function elementsOf(data: string): readonly string[] {
  return data === "" ? [] : data.split(" ");
}

export function withElement(data: string, element: string): string {
  return data === "" ? element : `${data} ${element}`;
}
