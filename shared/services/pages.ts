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
