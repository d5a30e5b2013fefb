import type { DutyService } from "../../shared/services/services.ts";
import type { Duty } from "../../shared/storage/environment.ts";

/** Does one background duty now. Doing it twice, or where nothing is due, does no harm. */
export async function doDuty(duties: DutyService, { kind, topicId, partition }: Duty): Promise<void> {
  switch (kind) {
    case "seal":
      return duties.seal(topicId, partition);
    case "retain":
      return duties.retain(topicId, partition);
    case "collect":
      return duties.collect(topicId, partition);
  }
}
