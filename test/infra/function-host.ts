/**
 * A process that runs one bundled function as Lambda does, for the process that forked it:
 *
 *     node test/infra/function-host.ts <index.mjs>
 *
 * Takes `{event, clockAheadMs}` and answers `{answer}` or `{error}`. The wall clock is ahead by what was asked last, so that
 * what is due after a day can be done now.
 */
import { pathToFileURL } from "node:url";

interface Invocation {
  readonly event: unknown;
  readonly clockAheadMs: number;
}

type Handler = (event: unknown, context: { readonly getRemainingTimeInMillis: () => number }) => Promise<unknown>;

const remainingMs = 29_000;
let clockAheadMs = 0;
const realNow = Date.now.bind(Date);
Date.now = () => realNow() + clockAheadMs;

const { handler } = (await import(pathToFileURL(process.argv[2] ?? "").href)) as { readonly handler: Handler };

process.on("message", (invocation: Invocation) => {
  clockAheadMs = invocation.clockAheadMs;
  handler(invocation.event, { getRemainingTimeInMillis: () => remainingMs }).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
