/** Steps on a real ZooKeeper. */
import type { MultiResultPart } from "../../../gateway/zookeeper/protocol/multi.ts";
import type { OperationName } from "../../../gateway/zookeeper/protocol/operations.ts";
import type { ResponseOf, WireClient } from "../../gateway/zookeeper/wire-client.ts";
import { type Answer, hexOf } from "./answer.ts";
import type { Step } from "./generate.ts";
import { requestOf } from "./requests.ts";

export async function doReal(client: WireClient, step: Step): Promise<Answer> {
  const { kind, body } = requestOf(step);
  const reply = await client.send(kind, body);
  return reply.body === undefined ? { err: reply.err } : answerOf(kind, reply.body);
}

/** @param userAndPassword as `digest` has them */
export async function authenticate(client: WireClient, userAndPassword: string): Promise<void> {
  const { err } = await client.send("auth", { type: 0, scheme: "digest", auth: Buffer.from(userAndPassword) });
  if (err !== 0) throw new Error(`auth was answered with ${err}`);
}

function answerOf(kind: OperationName, body: object): Answer {
  if (kind === "multi" || kind === "multiRead") {
    return { err: 0, results: (body as readonly MultiResultPart[]).map(partAnswer) };
  }
  return fieldsOf(body);
}

function partAnswer({ kind, body }: MultiResultPart): Answer {
  return kind === "error" ? { err: body.err } : fieldsOf(body);
}

/** The fields that an answer has, whatever its operation. */
function fieldsOf(body: object): Answer {
  const fields = body as Partial<
    ResponseOf<"create2"> &
      ResponseOf<"getData"> &
      ResponseOf<"getChildren2"> &
      ResponseOf<"getACL"> &
      ResponseOf<"getEphemerals"> &
      ResponseOf<"getAllChildrenNumber">
  >;
  const { path, stat, data, acl, totalNumber } = fields;
  const names = fields.children ?? fields.ephemerals;
  return {
    err: 0,
    ...(path === undefined ? {} : { path }),
    ...(stat === undefined ? {} : { stat }),
    ...(data === undefined ? {} : { data: hexOf(data) }),
    ...(names === undefined ? {} : { names: names.toSorted() }),
    ...(acl === undefined ? {} : { acl }),
    ...(totalNumber === undefined ? {} : { count: totalNumber }),
  };
}
