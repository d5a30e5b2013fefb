import { beforeAll, describe, expect, test } from "vitest";
import { CoordinationBed, under } from "./coordination-bed.ts";
import { startFunctions } from "./start-functions.ts";

/** In place of Lambda's 4.5 MB. */
const answerBytesMax = 3_000;

let bed: CoordinationBed;

beforeAll(() => {
  bed = new CoordinationBed({ answerBytesMax });
});

interface Event {
  readonly zxid: number;
  readonly type: string;
  readonly path: string;
}

async function changes(query: Record<string, number | string | boolean>) {
  const { status, raw, json } = await bed.send({ id: "getChanges", query });
  expect([status, raw.byteLength <= answerBytesMax]).toEqual([200, true]);
  return json as { readonly events: readonly Event[]; readonly zxid: number; readonly skip?: number };
}

describe("an answer that does not fit", () => {
  test("of the changes of one zxid is given in parts, nothing lost and nothing twice", async () => {
    await bed.create("/deep");
    const session = await bed.openSession();
    const names = Array.from({ length: 30 }, (_, index) => `/deep/${"é".repeat(60)}-${index}`);
    for (const name of names) {
      await bed.create(encodeURI(name), { mode: "ephemeral" }, under(session));
    }
    const { zxid: since } = await changes({});
    await bed.ok({ id: "closeSession", params: { sessionId: session.sessionId }, headers: under(session) });
    await bed.create("/after");
    const events: Event[] = [];
    let [next, pages] = [{ zxid: since } as { zxid: number; skip?: number }, 0];
    for (; pages < 20; pages += 1) {
      const { zxid, skip } = next;
      const page = await changes({ since: zxid, path: "/", recursive: true, ...(skip === undefined ? {} : { skip }) });
      if (page.events.length === 0) break;
      events.push(...page.events);
      next = page;
    }
    expect(pages).toBeGreaterThan(2);
    expect(next.skip).toBeUndefined();
    const deleted = events.filter(({ type }) => type === "NodeDeleted").map(({ path }) => path);
    expect(deleted.toSorted()).toEqual(names.toSorted());
    expect(new Set(events.slice(0, -1).map(({ zxid }) => zxid)).size).toBe(1);
    expect(events.at(-1)).toMatchObject({ type: "NodeCreated", path: "/after" });
  });

  test("of children is cut to a page", async () => {
    await bed.create("/wide");
    const names = Array.from({ length: 40 }, (_, index) => `${"n".repeat(200)}-${index}`).toSorted();
    for (const name of names) await bed.create(`/wide/${name}`);
    const children: string[] = [];
    let token: string | undefined;
    do {
      const query = { view: "children", limit: 1_000, ...(token === undefined ? {} : { nextToken: token }) };
      const { status, raw, json } = await bed.send({ id: "getZnode", params: { path: "wide" }, query });
      expect([status, raw.byteLength <= answerBytesMax]).toEqual([200, true]);
      children.push(...(json["children"] as string[]));
      token = json["nextToken"] as string | undefined;
    } while (token !== undefined && children.length < 1_000);
    expect(children).toEqual(names);
  });

  test("of a read that its caller can make smaller is refused, with how much would fit", async () => {
    await bed.create("/large", { data: "x".repeat(2_000) });
    const ops = [1, 2].map(() => ({ type: "getData", path: "/large" }));
    const { status, json } = await bed.send({ id: "multiRead", body: { ops } });
    expect([status, json["error"], json["retriable"]]).toEqual([413, "MESSAGE_TOO_LARGE", false]);
    expect(json["details"]).toMatchObject({ answerBytesMax });
  });

  test("of a write that has been done says that it may have been", async () => {
    const ops = Array.from({ length: 40 }, (_, index) => ({ type: "create", path: `/many-${index}` }));
    const { status, json } = await bed.send({ id: "multi", body: { ops } });
    expect([status, json["error"]]).toEqual([413, "MESSAGE_TOO_LARGE"]);
    expect(json["details"]).toEqual({ answerBytesMax, effect: "unknown" });
    await bed.ok({ id: "getZnode", params: { path: "many-39" } });
  });

  test("of records is foreseen: they are refused before they are written", async () => {
    const { services, send } = startFunctions({ answerBytesMax });
    await services.topics.create("default", { name: "orders", partitions: 1 });
    const body = (count: number): string =>
      JSON.stringify({ records: Array.from({ length: count }, () => ({ value: "" })) });
    for (const target of ["/v1/default/topics/orders/records", "/v1/default/topics/orders/partitions/0/records"]) {
      const { status, json } = await send(`POST ${target}`, { body: body(34) });
      expect([status, json["error"]]).toEqual([413, "RECORD_LIST_TOO_LARGE"]);
      expect(json["details"]).toEqual({ records: 34, recordsMax: 33 });
      const { json: written, raw } = await send(`POST ${target}`, { body: body(33) });
      expect(written["results"]).toHaveLength(33);
      expect(raw.byteLength).toBeLessThan(answerBytesMax);
    }
  });
});

test("data that JSON would make six times as long is given as base64, and fits", async () => {
  const whole = new CoordinationBed();
  const data = { base64: Buffer.alloc(1_000_000).toString("base64") };
  await whole.create("/zeros", { data });
  const { status, json } = await whole.send({ id: "getZnode", params: { path: "zeros" } });
  expect([status, json["data"]]).toEqual([200, data]);
});
