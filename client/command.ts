import type { Capability } from "../shared/api/routes.ts";
import type { DigestAuth } from "./digest-auth.ts";
import type { ResponseMetadata } from "./exceptions.ts";
import type { HttpRequest, HttpResponse } from "./http-message.ts";
import type { HintSource } from "./push/hint-source.ts";

/**
 * What happens when a request is sent again after an attempt whose outcome is unknown.
 *
 * - `read`: nothing was to be changed;
 * - `repeatable`: the service recognises the repeat, or a second application does no harm;
 * - `keyed`: the service recognises the repeat by its `Idempotency-Key`, and only by that;
 * - `once`: a second application would do something else, so it is not sent again.
 */
export type Repeat = "read" | "repeatable" | "keyed" | "once";

/** What a command says of its request; the client adds the endpoint. */
export interface RequestParts {
  readonly method: HttpRequest["method"];
  /** Percent-encoded, begins with a slash. */
  readonly path: string;
  /** The function that serves it, which may have an endpoint of its own. */
  readonly capability?: Capability;
  /** Left out where undefined. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: object;
  /** Sent as it is; with its `content-type` in `headers`. */
  readonly body?: Uint8Array;
}

/** One call of the API; `new XCommand(input)`, then `client.send(command)`. */
export interface Command<Input extends object, Output extends object> {
  readonly name: string;
  readonly input: Input;
  readonly repeat: Repeat;
  /** Time that the service may hold the request before it answers, added to the time-out. */
  readonly waitMs?: number;
  serialize(input: Input, defaults: CommandDefaults): RequestParts;
  /** Called with an answer whose status is 2xx. */
  deserialize(response: HttpResponse): Output;
}

/** What a command takes from the client where its input leaves it out. */
export interface CommandDefaults {
  readonly namespace: string;
  readonly auth?: readonly DigestAuth[] | undefined;
}

export interface SendOptions {
  readonly abortSignal?: AbortSignal;
  /** For this call in place of the client's. */
  readonly requestTimeoutMs?: number;
  /** For this call in place of the client's. */
  readonly maxAttempts?: number;
}

/** What sends commands: the client. */
export interface CommandSender {
  send<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    options?: SendOptions,
  ): Promise<Output & { readonly $metadata: ResponseMetadata }>;
  /** Hints of what is new; without them whoever waits polls. */
  readonly push?: HintSource | undefined;
}
