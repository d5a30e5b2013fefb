import { operations } from "../../shared/api/operations/health.ts";
import type { HealthAnswer } from "../../shared/api/schemas/health.ts";
import type { Services } from "../../shared/services/services.ts";
import { serving } from "../http/operation.ts";
import type { ServedOperation } from "../http/operation.ts";

const { jsonOperation } = serving(operations);

/** Liveness, and readiness that really writes and reads. */
export function healthOperations({ health }: Pick<Services, "health">): readonly ServedOperation[] {
  return [
    jsonOperation("getHealth", async ({ query }): Promise<HealthAnswer> => {
      if (query.probe === "live") return { status: "ok" };
      const { storage } = await health.check();
      return { status: "ok", storage };
    }),
  ];
}
