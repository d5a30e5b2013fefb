import type { DynamoDBStreamEvent } from "aws-lambda";
import type { GrownLog } from "../../shared/services/push.ts";

/**
 * The logs that the entries of a stream of keys are of, each once. What is no insert of an entry that somebody may wait for
 * is left out, should the filter in front of the function let it pass.
 */
export function grownLogsOf({ Records: records }: DynamoDBStreamEvent): readonly GrownLog[] {
  const grown = new Map<string, GrownLog>();
  for (const { eventName, dynamodb } of records) {
    const logId = dynamodb?.Keys?.["pk"]?.S;
    const position = Number(dynamodb?.Keys?.["sk"]?.N ?? Number.NaN);
    if (eventName !== "INSERT" || logId === undefined || !Number.isSafeInteger(position)) continue;
    if (!logId.startsWith("partition:") && !logId.startsWith("tree:")) continue;
    const { first, last } = grown.get(logId) ?? { first: position, last: position };
    grown.set(logId, { logId, first: Math.min(first, position), last: Math.max(last, position) });
  }
  return [...grown.values()];
}
