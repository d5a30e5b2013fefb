import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { isServiceException, Semaphore, type Session } from "../../../client/index.ts";
import { isPending, twoSessions } from "./two-sessions.ts";

const at = twoSessions();
const permitsOf = (name: string) => at().own.client.znodes().getChildren(`/semaphores/${name}`);

test("lets so many in and no more", async () => {
  const { session, other } = at();
  let inside = 0;
  let most = 0;
  const tokens: number[] = [];
  const work = async (owner: Session): Promise<void> => {
    await using permit = await new Semaphore(owner, "three", 3).acquire();
    tokens.push(permit.fencingToken);
    inside += 1;
    most = Math.max(most, inside);
    await sleep(150);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 9 }, (_, index) => work(index % 2 === 0 ? session : other)));
  expect(most).toBe(3);
  expect(new Set(tokens).size).toBe(9);
  expect(await permitsOf("three")).toEqual([]);
});

test("a permit goes with its session, is fenced, and makes room for the next", async () => {
  const { own, session } = at();
  const lost = await own.another().session({ timeoutMs: 5_000 });
  const first = await new Semaphore(lost, "mortal", 1).acquire();
  const waiting = new Semaphore(session, "mortal", 1).acquire();
  expect(await isPending(waiting, 50)).toBe(true);
  await lost.close();
  await using second = await waiting;
  expect(first.signal.aborted).toBe(true);
  const znodes = own.client.znodes();
  await znodes.multi([second.fence]);
  const late = await znodes.multi([first.fence]).catch((error: unknown) => error);
  expect(isServiceException(late, "FENCED")).toBe(true);
});

test("whoever gives up waiting takes no permit, and lets the next one wait first", async () => {
  const { session, other } = at();
  const held = await new Semaphore(session, "given-up", 1).acquire();
  const enough = new AbortController();
  const waiting = new Semaphore(other, "given-up", 1).acquire({ signal: enough.signal });
  expect(await isPending(waiting, 50)).toBe(true);
  enough.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  const next = new Semaphore(session, "given-up", 1).acquire();
  await held.release();
  await using _ = await next;
  expect((await permitsOf("given-up")).length).toBe(1);
});

test("a permit is taken once, however often the acknowledgement is lost", async () => {
  const { own, session } = at();
  let lost = 0;
  own.fate = (name) => (name === "MultiCommand" && (lost += 1) <= 4 ? "answer lost" : undefined);
  await using permit = await new Semaphore(session, "lost", 2).acquire();
  own.fate = () => undefined;
  expect(lost).toBeGreaterThan(4);
  expect((await permitsOf("lost")).map((name) => `/semaphores/lost/${name}`)).toEqual([permit.path]);
});

test("a permit that nobody waits for any more when it is acknowledged is given back", async () => {
  const { own, session, other } = at();
  const onTheWay = Promise.withResolvers<void>();
  own.fate = (name) => (name === "MultiCommand" ? onTheWay.promise : undefined);
  const enough = new AbortController();
  const waiting = new Semaphore(session, "late", 1).acquire({ signal: enough.signal });
  expect(await isPending(waiting, 50)).toBe(true);
  enough.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  own.fate = () => undefined;
  onTheWay.resolve();
  await sleep(100);
  expect(await permitsOf("late")).toEqual([]);
  await using _ = await new Semaphore(other, "late", 1).acquire();
});

test("waiting for a permit goes on over an outage", async () => {
  const { own, session, other } = at();
  const held = await new Semaphore(other, "outage", 1).acquire();
  const waiting = new Semaphore(session, "outage", 1).acquire();
  expect(await isPending(waiting, 30)).toBe(true);
  own.cut = true;
  await held.release();
  expect(await isPending(waiting, 400)).toBe(true);
  own.cut = false;
  await using _ = await waiting;
});
