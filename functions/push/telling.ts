import { pushHeader } from "../../shared/api/routes.ts";
import type { AccessSettings } from "../http/caller.ts";
import type { ServedOperation } from "../http/operation.ts";

/** The operation, whose answers tell whoever waits for more where it can connect for hints. */
export function telling({ pushUrl }: AccessSettings, operation: ServedOperation): ServedOperation {
  if (pushUrl === undefined) return operation;
  return {
    id: operation.id,
    async serve(routed) {
      const answer = await operation.serve(routed);
      return { ...answer, headers: { ...answer.headers, [pushHeader]: pushUrl } };
    },
  };
}
