import { ServiceError } from "../api/errors.ts";
import type { ClassicRefusal } from "../groups/decide-classic.ts";

const messages = {
  UNKNOWN_MEMBER_ID: "The group has no such member, or its session is over: join again without an id",
  FENCED_INSTANCE_ID: "Another member has come under the same instance id",
  ILLEGAL_GENERATION: "The group is in another generation: join again",
  REBALANCE_IN_PROGRESS: "The group rebalances: join again",
  INCONSISTENT_GROUP_PROTOCOL: "The group's members are of another kind, or know none of the member's assignors",
  GROUP_MAX_SIZE_REACHED: "The group has as many members as it can have",
} as const satisfies Record<ClassicRefusal, string>;

/** Why a classic group refuses a member. */
export function classicRefused(code: ClassicRefusal): ServiceError {
  return new ServiceError(code, messages[code]);
}
