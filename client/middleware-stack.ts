/** The steps and priorities are those of the AWS SDK's middleware stack (`@smithy/types`, `MiddlewareStack`). */
import type { Repeat } from "./command.ts";
import type { HttpRequest, HttpResponse } from "./http-message.ts";

/** In the order in which a request passes them; an answer passes them backwards. */
export const middlewareSteps = ["initialize", "serialize", "build", "finalizeRequest", "deserialize"] as const;

/**
 * - `initialize`: the input may be changed; there is no request yet;
 * - `serialize`: the request is made from the input;
 * - `build`: what is the same in every attempt is added to the request;
 * - `finalizeRequest`: from the retries on, so this runs once per attempt behind them;
 * - `deserialize`: the answer becomes an output or an exception.
 */
export type MiddlewareStep = (typeof middlewareSteps)[number];

export interface HandlerArguments<Input extends object> {
  readonly input: Input;
  /** Absent before the `serialize` step. */
  readonly request?: HttpRequest;
}

export interface HandlerResult<Output extends object> {
  readonly response: HttpResponse;
  /** Absent inside of the `deserialize` step. */
  readonly output?: Output;
  /** Set by the retries. */
  readonly attempts?: number;
  /** Set by the retries. */
  readonly totalRetryDelayMs?: number;
}

export type Handler<Input extends object, Output extends object> = (
  handlerArguments: HandlerArguments<Input>,
) => Promise<HandlerResult<Output>>;

/** What a middleware may know of the call that it is part of. */
export interface HandlerContext {
  readonly commandName: string;
  readonly repeat: Repeat;
  /** For the whole of one attempt, long poll included. */
  readonly attemptTimeoutMs: number;
  readonly maxAttempts: number;
  readonly abortSignal?: AbortSignal;
}

/** Wraps the rest of the stack: it may change what goes in and what comes out, or call `next` again. */
export type Middleware = <Input extends object, Output extends object>(
  next: Handler<Input, Output>,
  context: HandlerContext,
) => Handler<Input, Output>;

export interface MiddlewareOptions {
  readonly step: MiddlewareStep;
  /** Unique in the stack; adding a second one of the same name throws unless `override` is set. */
  readonly name: string;
  /** Order inside the step: "high" comes first. Default "normal"; equals keep the order in which they were added. */
  readonly priority?: "high" | "normal" | "low";
  /** Takes the place of the middleware of the same name. */
  readonly override?: boolean;
}

/** The parts of the stack that only one call has. */
export interface CallHandlers<Input extends object, Output extends object> {
  serializer(next: Handler<Input, Output>): Handler<Input, Output>;
  deserializer(next: Handler<Input, Output>): Handler<Input, Output>;
  readonly handler: Handler<Input, Output>;
}

interface Layer extends Required<Pick<MiddlewareOptions, "step" | "name" | "priority">> {
  readonly middleware: Middleware;
}

const priorityOrder = { high: 0, normal: 1, low: 2 } as const;

/** Middleware in order, by step and priority. */
export class MiddlewareStack {
  #layers: readonly Layer[] = [];

  /** @throws TypeError if the name is taken */
  add(middleware: Middleware, options: MiddlewareOptions): void {
    const { step, name, priority = "normal" } = options;
    const taken = this.#layers.some((layer) => layer.name === name);
    if (taken && options.override !== true) {
      throw new TypeError(`the middleware stack already has a "${name}"`);
    }
    const others = this.#layers.filter((layer) => layer.name !== name);
    this.#layers = [...others, { middleware, step, name, priority }].toSorted(
      (left, right) =>
        middlewareSteps.indexOf(left.step) - middlewareSteps.indexOf(right.step) ||
        priorityOrder[left.priority] - priorityOrder[right.priority],
    );
  }

  /** Removes the middleware of that name; answers whether there was one. */
  remove(name: string): boolean {
    const before = this.#layers.length;
    this.#layers = this.#layers.filter((layer) => layer.name !== name);
    return this.#layers.length < before;
  }

  /** `step - name` of each middleware, outermost first. */
  identify(): readonly string[] {
    return this.#layers.map((layer) => `${layer.step} - ${layer.name}`);
  }

  /**
   * Wraps `handler` in all of the stack. The call's own serializer and deserializer stand after the "normal" and before
   * the "low" middleware of their steps.
   */
  resolve<Input extends object, Output extends object>(
    call: CallHandlers<Input, Output>,
    context: HandlerContext,
  ): Handler<Input, Output> {
    let handler = call.handler;
    for (const step of middlewareSteps.toReversed()) {
      const layers = this.#layers.filter((layer) => layer.step === step);
      const isInner = (layer: Layer): boolean => layer.priority === "low";
      handler = wrap(handler, layers.filter(isInner), context);
      if (step === "serialize") handler = call.serializer(handler);
      if (step === "deserialize") handler = call.deserializer(handler);
      handler = wrap(
        handler,
        layers.filter((layer) => !isInner(layer)),
        context,
      );
    }
    return handler;
  }
}

function wrap<Input extends object, Output extends object>(
  handler: Handler<Input, Output>,
  layers: readonly Layer[],
  context: HandlerContext,
): Handler<Input, Output> {
  return layers.reduceRight((next, layer) => layer.middleware(next, context), handler);
}
