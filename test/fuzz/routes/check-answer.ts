/** What any answer of the API must be. */
import { errorTable } from "../../../shared/api/errors.ts";
import { recordBatchMediaType, requestIdHeader } from "../../../shared/api/routes.ts";
import { errorAnswer } from "../../../shared/api/schemas/common.ts";
import { FuzzFailure } from "../target.ts";
import type { ApiOperation } from "./api.ts";
import type { Answered } from "./world.ts";

/** A fetch may answer what it was asked for, 16 MiB at most; all else is told in less. */
const answerBytesMax = 20_000_000;
/** What the router answers before it knows the operation, and what the form of an answer asks for. */
const anyErrors: ReadonlySet<string> = new Set(["NOT_FOUND", "METHOD_NOT_ALLOWED", "NOT_ACCEPTABLE"]);

/** @throws FuzzFailure @returns the body as JSON, if it is */
export function checkAnswer(
  api: ApiOperation | undefined,
  { status, headers, bytes }: Answered,
  cause: () => string,
): unknown {
  if (bytes.length > answerBytesMax) throw new FuzzFailure(`an answer of ${bytes.length} bytes`);
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[a-z0-9-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(value))
      throw new FuzzFailure(`no header: ${name}: ${value}`);
  }
  if (headers[requestIdHeader] === undefined) throw new FuzzFailure("an answer without the id of its request");
  if (status >= 400) return checkError(api, status, bytes, cause);
  if (headers["content-type"] === recordBatchMediaType || bytes.length === 0) return undefined;
  const answer = JSON.parse(bytes.toString("utf8")) as unknown;
  if (api !== undefined) checkGood(api, status, answer);
  return answer;
}

function checkError(api: ApiOperation | undefined, status: number, bytes: Buffer, cause: () => string): unknown {
  const parsed = errorAnswer.safeParse(JSON.parse(bytes.toString("utf8")));
  if (!parsed.success) throw new FuzzFailure(`an error of another form: ${bytes.toString("utf8").slice(0, 500)}`);
  const { error, message } = parsed.data;
  // Nothing fails here but what was sent: no store is away, and nobody else writes.
  if (status >= 500) throw new FuzzFailure(`${status} ${error} of ${api?.id ?? "no operation"}: ${cause()}`);
  if (errorTable[error].status !== status) throw new FuzzFailure(`${error} with ${status}`);
  if (message.length > bytes.length) throw new FuzzFailure("a message longer than its answer");
  if (api !== undefined && !api.errors.has(error) && !anyErrors.has(error)) {
    throw new FuzzFailure(`${api.id} is not said to answer ${error}: ${message.slice(0, 300)}`);
  }
  return parsed.data;
}

function checkGood({ id, operation }: ApiOperation, status: number, answer: unknown): void {
  if (status !== operation.status && status !== 204) throw new FuzzFailure(`${id} answers ${status}`);
  const schemas = [operation.answer, operation.batches?.answer].flatMap((schema) => schema ?? []);
  const results = schemas.map((schema) => schema.safeParse(answer));
  if (results.length === 0 || results.some(({ success }) => success)) return;
  throw new FuzzFailure(
    `${id} answers something else: ${results[0]?.error?.message ?? ""} in ${JSON.stringify(answer).slice(0, 500)}`,
  );
}
