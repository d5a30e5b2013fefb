import { expect, test } from "vitest";
import { ServiceError } from "../../../shared/api/errors.ts";
import { startFunctions } from "../start-functions.ts";

test("health answers liveness without the storage, and readiness with it", async () => {
  const { send, calls, failNext } = startFunctions();
  expect((await send("GET /health?probe=live")).json).toEqual({ status: "ok" });
  expect(calls).toEqual([]);
  expect((await send("GET /health")).json).toEqual({ status: "ok", storage: "ok" });
  failNext("health.check", new ServiceError("KAFKA_STORAGE_ERROR", "cannot write"));
  const failed = await send("GET /health");
  expect([failed.status, failed.json["error"], failed.json["retriable"]]).toEqual([503, "KAFKA_STORAGE_ERROR", true]);
});
