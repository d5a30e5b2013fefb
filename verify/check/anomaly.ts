/** Something that must not be: what it is called, and the operations that show it. */
export interface Anomaly {
  /** As the field calls it, such as `lost write`; `unknown` where no verdict was reached. */
  readonly name: string;
  /** One readable line. */
  readonly detail: string;
}
