declare module "snappyjs" {
  /** Compresses to the raw Snappy format. */
  export function compress(bytes: Uint8Array): Uint8Array;
}
