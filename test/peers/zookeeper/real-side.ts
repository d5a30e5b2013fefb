/** Steps on a real ZooKeeper. */
import { type Answer, hexOf } from "./answer.ts";
import type { CreateStep, Step, WriteStep } from "./generate.ts";
import { type JuteReader, JuteWriter } from "./jute.ts";
import { opCodes, readAcl, readStat, type WireClient, writeAcl } from "./wire-client.ts";

const createFlags = {
  persistent: 0,
  ephemeral: 1,
  persistent_sequential: 2,
  ephemeral_sequential: 3,
  container: 4,
  persistent_with_ttl: 5,
  persistent_sequential_with_ttl: 6,
} as const;

interface Request {
  readonly type: number;
  readonly body: JuteWriter;
}

export async function doReal(client: WireClient, step: Step): Promise<Answer> {
  const { type, body } = requestOf(step);
  const reply = await client.send(type, body.bytes());
  if (reply.err !== 0) return { err: reply.err };
  return answerOf(step, reply.body);
}

function requestOf(step: Step): Request {
  switch (step.kind) {
    case "create":
    case "delete":
    case "setData":
    case "check":
      return writeRequest(step);
    case "setAcl":
      return { type: opCodes.setACL, body: writeAcl(path(step.path), step.acl).int(step.version) };
    case "getData":
      return { type: opCodes.getData, body: path(step.path).bool(false) };
    case "exists":
      return { type: opCodes.exists, body: path(step.path).bool(false) };
    case "getChildren":
      return { type: opCodes.getChildren2, body: path(step.path).bool(false) };
    case "getAcl":
      return { type: opCodes.getACL, body: path(step.path) };
    case "ephemerals":
      return { type: opCodes.getEphemerals, body: path(step.path) };
    case "count":
      return { type: opCodes.getAllChildrenNumber, body: path(step.path) };
    case "multi":
      return { type: opCodes.multi, body: multiBody(step.steps.map(writeRequest)) };
    case "multiRead":
      return {
        type: opCodes.multiRead,
        body: multiBody(
          step.steps.map(({ kind, path: read }) => ({
            type: kind === "getData" ? opCodes.getData : opCodes.getChildren,
            body: path(read).bool(false),
          })),
        ),
      };
  }
}

function writeRequest(step: WriteStep): Request {
  switch (step.kind) {
    case "create":
      return createRequest(step);
    case "delete":
      return { type: opCodes.delete, body: path(step.path).int(step.version) };
    case "check":
      return { type: opCodes.check, body: path(step.path).int(step.version) };
    case "setData":
      return { type: opCodes.setData, body: path(step.path).buffer(step.data).int(step.version) };
  }
}

function createRequest({ path: created, data, mode, acl, ttlMs }: CreateStep): Request {
  const body = writeAcl(path(created).buffer(data), acl).int(createFlags[mode]);
  if (ttlMs !== undefined) return { type: opCodes.createTTL, body: body.long(BigInt(ttlMs)) };
  return { type: mode === "container" ? opCodes.createContainer : opCodes.create2, body };
}

function multiBody(requests: readonly Request[]): JuteWriter {
  const out = new JuteWriter();
  for (const { type, body } of requests) out.int(type).bool(false).int(-1).raw(body.bytes());
  return out.int(-1).bool(true).int(-1);
}

function path(text: string): JuteWriter {
  return new JuteWriter().string(text);
}

function answerOf(step: Step, body: JuteReader): Answer {
  switch (step.kind) {
    case "create":
      return { err: 0, path: body.string(), stat: readStat(body) };
    case "delete":
    case "check":
      return { err: 0 };
    case "setData":
    case "setAcl":
    case "exists":
      return { err: 0, stat: readStat(body) };
    case "getData":
      return { err: 0, data: hexOf(body.buffer()), stat: readStat(body) };
    case "getChildren":
      return { err: 0, names: body.vector((name) => name.string()).toSorted(), stat: readStat(body) };
    case "getAcl":
      return { err: 0, acl: readAcl(body), stat: readStat(body) };
    case "ephemerals":
      return { err: 0, names: body.vector((name) => name.string()).toSorted() };
    case "count":
      return { err: 0, count: body.int() };
    case "multi":
    case "multiRead":
      return { err: 0, results: multiResults(body) };
  }
}

function multiResults(body: JuteReader): readonly Answer[] {
  const results: Answer[] = [];
  for (;;) {
    const type = body.int();
    const done = body.bool();
    body.int();
    if (done) return results;
    results.push(multiResult(type, body));
  }
}

function multiResult(type: number, body: JuteReader): Answer {
  switch (type) {
    case opCodes.create2:
    case opCodes.createContainer:
    case opCodes.createTTL:
      return { err: 0, path: body.string(), stat: readStat(body) };
    case opCodes.setData:
      return { err: 0, stat: readStat(body) };
    case opCodes.delete:
    case opCodes.check:
      return { err: 0 };
    case opCodes.getData:
      return { err: 0, data: hexOf(body.buffer()), stat: readStat(body) };
    case opCodes.getChildren:
      return { err: 0, names: body.vector((name) => name.string()).toSorted() };
    case opCodes.error:
      return { err: body.int() };
    default:
      throw new Error(`a result of type ${type}`);
  }
}
