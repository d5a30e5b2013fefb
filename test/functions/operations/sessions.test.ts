import { describe, expect, test } from "vitest";
import { as, CoordinationBed, under } from "../coordination-bed.ts";

describe("sessions", () => {
  test("are opened, described, kept alive and closed, with what goes with them", async () => {
    const bed = new CoordinationBed();
    const opened = await bed.ok({ id: "createSession", body: { timeoutMs: 20_000 } });
    expect(opened).toEqual({
      sessionId: expect.stringMatching(/^[1-9][0-9]{0,18}$/),
      password: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      timeoutMs: 20_000,
    });
    const sessionId = String(opened["sessionId"]);
    const headers = under({ sessionId, password: String(opened["password"]) });
    const own = { params: { sessionId }, headers };
    expect(await bed.ok({ id: "heartbeat", ...own })).toEqual({ sessionId, timeoutMs: 20_000 });
    const { stat, zxid } = await bed.create("/e", { mode: "ephemeral" }, headers);
    expect(stat).toMatchObject({ ephemeralOwner: sessionId });
    expect(await bed.ok({ id: "describeSession", ...own })).toEqual({
      sessionId,
      timeoutMs: 20_000,
      ephemerals: ["/e"],
      zxid,
    });
    const closed = await bed.ok({ id: "closeSession", ...own });
    expect(closed).toEqual({ zxid: Number(zxid) + 1 });
    expect((await bed.send({ id: "getZnode", params: { path: "e" } })).json["error"]).toBe("NO_NODE");
    expect((await bed.send({ id: "heartbeat", ...own })).status).toBe(410);
  });

  test.each([
    [undefined, 10_000],
    [{}, 10_000],
    [{ timeoutMs: 1 }, 1_000],
    [{ timeoutMs: 86_400_000 }, 600_000],
  ])("opened with %j live for %i ms", async (body, timeoutMs) => {
    const opened = await new CoordinationBed().ok({ id: "createSession", ...(body === undefined ? {} : { body }) });
    expect(opened["timeoutMs"]).toBe(timeoutMs);
  });

  test.each(["describeSession", "heartbeat", "closeSession"] as const)("%s is for its owner only", async (id) => {
    const bed = new CoordinationBed();
    const [session, other] = [await bed.openSession(), await bed.openSession()];
    const { sessionId } = session;
    for (const headers of [{}, under(other), as("ann:secret")]) {
      const refused = await bed.send({ id, params: { sessionId }, headers });
      expect([refused.status, refused.json["error"], refused.json["message"]]).toEqual([
        401,
        "AUTH_FAILED",
        "x-streamkeeper-session must name the session of the path",
      ]);
    }
    // Whether it is the password or the session that is wrong, nobody is told.
    const guessed = await bed.send({ id, params: { sessionId }, headers: under({ ...other, sessionId }) });
    const unknown = await bed.send({ id, params: { sessionId: "7" }, headers: under({ ...other, sessionId: "7" }) });
    expect([guessed.status, guessed.json["error"]]).toEqual([410, "SESSION_EXPIRED"]);
    expect(unknown.json).toEqual(guessed.json);
    await bed.ok({ id: "heartbeat", params: { sessionId }, headers: under(session) });
  });

  test.each(["one", "-1", "01", "9223372036854775808", "%00"])("the id %j is none", async (sessionId) => {
    const { json } = await new CoordinationBed().send({ id: "heartbeat", params: { sessionId } });
    expect(json).toMatchObject({ error: "INVALID_REQUEST", details: { in: "path", field: "sessionId" } });
  });
});
