import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { StreamkeeperClient } from "../../../client/index.ts";
import type { MultiOperation, ZnodeClient, ZnodeEvent } from "../../../client/index.ts";
import { startOwnServer } from "../../../local/demo/own-server.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { seededRandom } from "./seeded-random.ts";

const changesTotal = 100_000;
const writers = 4;
const changesPerMulti = 250;
/** A connection is cut every so often on average, ms. */
const cutMs = 10;
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

type Log = readonly ZnodeEvent[];
const lineOf = ({ zxid, type, path }: ZnodeEvent): string => `${zxid} ${type} ${path}`;

/** Changes the znodes below its own, and remembers what its acknowledgements say of it. */
class Writer {
  readonly acknowledged: ZnodeEvent[] = [];
  readonly #znodes: ZnodeClient;
  readonly #parent: string;
  readonly #random: () => number;
  readonly #paths: string[] = [];
  #created = 0;

  constructor(znodes: ZnodeClient, parent: string, random: () => number) {
    this.#znodes = znodes;
    this.#parent = parent;
    this.#random = random;
  }

  async write(changes: number): Promise<void> {
    for (let done = 0; done < changes; done += changesPerMulti) {
      const planned = Array.from({ length: changesPerMulti }, () => this.#plan());
      const { zxid } = await this.#znodes.multi(planned.map(({ operation }) => operation));
      this.acknowledged.push(...planned.map(({ type, operation }) => ({ zxid, type, path: operation.path })));
    }
  }

  #plan(): { readonly type: ZnodeEvent["type"]; readonly operation: MultiOperation } {
    const at = Math.floor(this.#random() * this.#paths.length);
    const path = this.#paths[at];
    const choice = this.#random();
    if (path === undefined || choice < 0.3) {
      const created = `${this.#parent}/n${(this.#created += 1)}`;
      this.#paths.push(created);
      return { type: "NodeCreated", operation: { type: "create", path: created } };
    }
    if (choice < 0.8) return { type: "NodeDataChanged", operation: { type: "setData", path, data: "x" } };
    this.#paths.splice(at, 1);
    return { type: "NodeDeleted", operation: { type: "delete", path } };
  }
}

/** Iterates until it has heard enough. */
async function listen(
  events: AsyncIterable<ZnodeEvent>,
  heard: ZnodeEvent[],
  isEnough: (event: ZnodeEvent) => boolean,
): Promise<void> {
  for await (const event of events) {
    heard.push(event);
    if (isEnough(event)) return;
  }
}

test(`watchers whose connections are cut hear of ${changesTotal} changes, each once and in order (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  await using server = await startOwnServer("memory");
  await using proxy = await CuttingProxy.start(server.url, random);
  using direct = new StreamkeeperClient({ endpoint: server.url });
  using cut = new StreamkeeperClient({ endpoint: proxy.url });
  using another = new StreamkeeperClient({ endpoint: proxy.url });
  await direct.znodes().ensure("/w");
  const all = Array.from({ length: writers }, (_, index) => {
    return new Writer(direct.znodes(), `/w/${index}`, seededRandom(seed + index + 1));
  });
  for (let index = 0; index < writers; index += 1) await direct.znodes().create(`/w/${index}`);
  const isEnd = ({ path }: ZnodeEvent): boolean => path.startsWith("/w/end");

  const one = cut.znodes();
  const whole: ZnodeEvent[] = [];
  const subtree: ZnodeEvent[] = [];
  const children: ZnodeEvent[] = [];
  const inOrder: ZnodeEvent[] = [];
  const note = (into: ZnodeEvent[]) => (event: ZnodeEvent) => {
    into.push(event);
    inOrder.push(event);
  };
  // Three watches of one client, whose order among each other is promised as well.
  await one.watch("/w", { recursive: true, listener: note(whole) });
  await one.watch("/w/1", { recursive: true, listener: note(subtree) });
  await one.watch("/w/2", { listener: note(children) });
  const iterated: ZnodeEvent[] = [];
  const iterating = listen(await another.znodes().watch("/w", { recursive: true }), iterated, isEnd);
  const resumed: ZnodeEvent[] = [];
  const { zxid: start } = await direct.znodes().multiRead([]);
  const resuming = listenInTurns(another, start, resumed, random, isEnd);

  const writing = Promise.all(all.map((writer) => writer.write(changesTotal / writers)));
  const cutting = new AbortController();
  const saboteur = (async () => {
    while (!cutting.signal.aborted) {
      proxy.cut();
      await sleep(random() * 2 * cutMs);
    }
  })();
  await writing;
  await direct.znodes().create("/w/end");
  await Promise.all([iterating, resuming]);
  while (!whole.some(isEnd)) await sleep(10);
  cutting.abort();
  await saboteur;
  one.close();

  const canonical = all.flatMap(({ acknowledged }) => acknowledged).toSorted((left, right) => left.zxid - right.zxid);
  expect(canonical.length).toBe(changesTotal);
  expect(proxy.cuts).toBeGreaterThan(50);
  const withoutEnd = (log: Log): Log => log.filter((event) => !isEnd(event));
  expectSameLog(withoutEnd(whole), canonical);
  expectSameLog(withoutEnd(iterated), canonical);
  expectSameLog(withoutEnd(resumed), canonical);
  expectSameLog(
    subtree,
    canonical.filter(({ path }) => path.startsWith("/w/1/")),
  );
  expectSameLog(
    children,
    canonical
      .filter(({ path, type }) => path.startsWith("/w/2/") && type !== "NodeDataChanged")
      .map(({ zxid }) => ({ zxid, type: "NodeChildrenChanged", path: "/w/2" })),
  );
  const zxids = inOrder.map(({ zxid }) => zxid);
  expect(zxids.every((zxid, index) => zxid >= (zxids[index - 1] ?? 0))).toBe(true);
}, 120_000);

/** As a process that ends now and then, and goes on where it had got to; within one transaction, from its start. */
async function listenInTurns(
  client: StreamkeeperClient,
  start: number,
  heard: ZnodeEvent[],
  random: () => number,
  isEnough: (event: ZnodeEvent) => boolean,
): Promise<void> {
  let since = start;
  for (;;) {
    const watch = await client.znodes().watch("/w", { recursive: true, since });
    const turnEvents = 1 + Math.floor(random() * 20_000);
    const turn: ZnodeEvent[] = [];
    await listen(watch, turn, (event) => turn.length >= turnEvents || isEnough(event));
    since = watch.cursor;
    heard.push(...turn.filter(({ zxid }) => zxid <= since));
    if (heard.some(isEnough)) return;
  }
}

/** One message instead of a difference of 100,000 lines. */
function expectSameLog(heard: Log, expected: Log): void {
  const differsAt = expected.findIndex((event, index) => {
    const other = heard[index];
    return other === undefined || lineOf(other) !== lineOf(event);
  });
  if (differsAt >= 0) {
    expect(heard.slice(differsAt, differsAt + 5).map(lineOf)).toEqual(
      expected.slice(differsAt, differsAt + 5).map(lineOf),
    );
  }
  expect(heard.length).toBe(expected.length);
}
