import { inlinePayloadBytesDefault } from "../limits.ts";
import type { Storage } from "./storage.ts";

/** Largest payload, in bytes, that stands in the entry itself where nothing else is asked for: what suits the store. */
export function inlinePayloadBytesOf({ inlinePayloadBytes }: Pick<Storage, "inlinePayloadBytes">): number {
  return inlinePayloadBytes ?? inlinePayloadBytesDefault;
}
