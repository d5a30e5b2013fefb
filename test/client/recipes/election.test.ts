import { describe, expect, test } from "vitest";
import { DescribeElectionCommand, Election, isServiceException, SessionExpiredError } from "../../../client/index.ts";
import { until } from "../coordination/own-client.ts";
import { isPending, twoSessions } from "./two-sessions.ts";

const at = twoSessions();

describe("an election", () => {
  test("has one leader at a time, who is observed, proclaims and resigns", async () => {
    const { session, other } = at();
    const observed: (string | null)[] = [];
    const ended = new AbortController();
    const watching = (async () => {
      for await (const leader of new Election(other, "head").observe({ signal: ended.signal })) {
        observed.push(leader === null ? null : String(leader.data));
      }
    })();
    const first = await new Election(session, "head").campaign({ data: "one" });
    const second = new Election(other, "head").campaign({ data: "two" });
    await until(() => observed.includes("one"));
    await first.proclaim("one is busy");
    await until(() => observed.includes("one is busy"));
    await first.resign();
    expect(first.signal.aborted).toBe(true);
    await using leadership = await second;
    expect(leadership.fencingToken).toBeGreaterThan(first.fencingToken);
    await until(() => observed.includes("two"));
    const late = await first.proclaim("late").catch((error: unknown) => error);
    expect(isServiceException(late, "NO_NODE")).toBe(true);
    ended.abort();
    await watching;
    expect(observed.filter((data) => data !== null)).toEqual(["one", "one is busy", "two"]);
  });

  test("fences a leader whose session has ended", async () => {
    const { own, other } = at();
    const lost = await own.another().session({ timeoutMs: 5_000 });
    const first = await new Election(lost, "fenced").campaign();
    const next = new Election(other, "fenced").campaign();
    await lost.close();
    await using second = await next;
    const znodes = own.client.znodes();
    await znodes.multi([second.fence, { type: "create", path: "/led" }]);
    const late = await znodes.multi([first.fence, { type: "delete", path: "/led" }]).catch((error: unknown) => error);
    expect(isServiceException(late, "FENCED")).toBe(true);
  });

  test("is observed over an outage, from where it was", async () => {
    const { own, session, other } = at();
    const observed: string[] = [];
    const ended = new AbortController();
    const watching = (async () => {
      for await (const leader of new Election(session, "seen").observe({ signal: ended.signal })) {
        observed.push(String(leader?.data ?? null));
      }
    })();
    await until(() => observed.length === 1);
    own.cut = true;
    await using leadership = await new Election(other, "seen").campaign({ data: "new" });
    await leadership.proclaim("newer");
    own.cut = false;
    await until(() => observed.at(-1) === "newer");
    ended.abort();
    await watching;
  });
});

describe("terms", () => {
  test("follow one another, each resigned when its turn is over, until the signal ends them", async () => {
    const { session, other } = at();
    const tokens: number[] = [];
    const enough = new AbortController();
    const lead = async (owner: typeof session): Promise<void> => {
      for await (const term of new Election(owner, "terms").terms({ signal: enough.signal })) {
        tokens.push(term.fencingToken);
        if (tokens.length === 6) enough.abort();
      }
    };
    await Promise.all([lead(session), lead(other)]);
    expect(tokens).toEqual(tokens.toSorted((one, next) => one - next));
    expect(new Set(tokens).size).toBe(tokens.length);
    await until(async () => {
      const { candidates } = await session.send(new DescribeElectionCommand({ election: "terms" }));
      return candidates === 0;
    });
  });

  test("are resigned when the loop is left", async () => {
    const { session, other } = at();
    for await (const term of new Election(session, "left").terms()) {
      expect(term.signal.aborted).toBe(false);
      break;
    }
    await using _ = await new Election(other, "left").campaign();
  });

  test("end with an error when the session does", async () => {
    const { own, other } = at();
    await using leader = await new Election(other, "over").campaign();
    const session = await own.client.session({ timeoutMs: 5_000 });
    const terms = new Election(session, "over").terms();
    const next = terms.next();
    expect(await isPending(next, 50)).toBe(true);
    await session.close();
    await expect(next).rejects.toBeInstanceOf(SessionExpiredError);
    expect(leader.signal.aborted).toBe(false);
  });
});
