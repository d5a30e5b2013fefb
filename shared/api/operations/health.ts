/** What each route of health takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { noParams } from "../schemas/common.ts";
import { healthAnswer, healthQuery } from "../schemas/health.ts";

export const operations = {
  getHealth: {
    summary: "Whether the service lives and, unless only that is asked, whether it can write and read",
    params: noParams,
    query: healthQuery,
    status: 200,
    answer: healthAnswer,
    errors: ["KAFKA_STORAGE_ERROR"],
  },
} as const satisfies Partial<Record<OperationId, Operation>>;
