import { pageItemsMax } from "../limits.ts";

/** Lists are given by the page. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Opaque; absent on the last page. */
  readonly nextToken?: string;
}

export interface PageRequest {
  /** 1 to 1,000. */
  readonly limit: number;
  readonly nextToken?: string;
}

/** Pages of a list that are asked for: ten million topics. */
const listPagesMax = 10_000;

/** All items of a list, page by page. */
export async function* itemsOf<Item>(list: (page: PageRequest) => Promise<Page<Item>>): AsyncGenerator<Item, void> {
  let nextToken: string | undefined;
  for (let page = 0; page < listPagesMax; page += 1) {
    const found = await list({ limit: pageItemsMax, ...(nextToken === undefined ? {} : { nextToken }) });
    yield* found.items;
    nextToken = found.nextToken;
    if (nextToken === undefined) return;
  }
}
