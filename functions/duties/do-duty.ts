import type { DutyService } from "../../shared/services/services.ts";
import type { Duty } from "../../shared/storage/environment.ts";

/** Does one background duty now. Doing it twice, or where nothing is due, does no harm. */
export async function doDuty(duties: DutyService, duty: Duty): Promise<void> {
  switch (duty.kind) {
    case "seal":
      return duties.seal(duty.topicId, duty.partition, duty.segmentBytes);
    case "retain":
      return duties.retain(duty.topicId, duty.partition);
    case "collect":
      return duties.collect(duty.topicId, duty.partition);
    case "compact":
      return duties.compact(duty);
    case "reap":
      return duties.reap(duty.namespace, BigInt(duty.sessionId));
    case "expire":
      return duties.expire(duty.namespace);
    case "transaction":
      return duties.recover({ namespace: duty.namespace, transactionalId: duty.transactionalId });
    case "sweep":
      return duties.sweep();
    case "arm":
      return duties.arm();
  }
}
