/** What readers know of push: they wait for hints where there are any, and poll where there are none. */
import type { DigestAuth } from "../digest-auth.ts";

/** Who reads: two of whom one may read more have a subscription each. */
export interface HintReader {
  readonly session?: { readonly sessionId: string; readonly password: string } | undefined;
  readonly auth?: readonly DigestAuth[] | undefined;
}

/** What can be subscribed to. Default of `namespace`: the client's. */
export type HintPlace = { readonly namespace?: string | undefined } & (
  | { readonly kind: "partition"; readonly topic: string; readonly partition: number }
  | { readonly kind: "path"; readonly path: string; readonly recursive: boolean; readonly reader: HintReader }
);

/** A time during which every hint is heard, but for those that get lost; it aborts at its end. */
export type Listening = AbortSignal;

/** One reader of a place. */
export interface HintListener {
  /** To be asked before a read: if that finds nothing, the reader may `wait`. Undefined: it has to poll. */
  readonly listening: Listening | undefined;
  /** The reader has nothing to read; from now on it would rather be told. */
  want(): void;
  /** What was read may have been made anew under its name. */
  renew(): void;
  /**
   * Resolves when there may be something at `position` or beyond: at a hint, also at one that came since the read began; when
   * hints are no longer heard; after a while without; or when the signal aborts. Never rejects.
   *
   * @param listening of before the read that found nothing
   */
  wait(listening: Listening, position: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface HintSource {
  /** For one reader of a place; to be closed when it reads no more. */
  listener(place: HintPlace): HintListener;
}
