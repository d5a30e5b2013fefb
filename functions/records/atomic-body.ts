/** Reads the JSON body of a transaction in one call: its records by hand, as those of produce, all else by its schema. */
import { ServiceError } from "../../shared/api/errors.ts";
import { writeAtomicallyBody } from "../../shared/api/schemas/transactions.ts";
import { transactionTopicsMax } from "../../shared/limits/group-requests.ts";
import type { AtomicWrite } from "../../shared/services/transactions.ts";
import { checked, invalidRequest } from "../http/invalid-request.ts";
import { checkCommitter } from "./group-requests.ts";
import { checkRecordCount, objectOf, parseRecords } from "./produced-records.ts";

type TopicRecords = AtomicWrite["produce"][number];

const bodyWithoutRecords = writeAtomicallyBody.omit({ produce: true });

/** @throws ServiceError INVALID_REQUEST | RECORD_LIST_TOO_LARGE | MESSAGE_TOO_LARGE */
export function parseAtomicBody(json: unknown): Pick<AtomicWrite, "produce" | "offsets"> {
  const { produce = [], ...rest } = objectOf(json, "");
  const { offsets } = checked(bodyWithoutRecords, "body", rest);
  offsets.forEach((group, index) => checkCommitter(group, `offsets[${index}].`));
  if (!Array.isArray(produce)) throw invalidRequest("body", "produce", "must be a list of topics and their records");
  if (produce.length > transactionTopicsMax) {
    throw invalidRequest("body", "produce", `may name ${transactionTopicsMax} topics`);
  }
  const topics = produce.map(parseTopicRecords);
  checkRecordCount(topics.reduce((sum, { records }) => sum + records.length, 0));
  return { produce: topics, offsets };
}

function parseTopicRecords(json: unknown, index: number): TopicRecords {
  const place = `produce[${index}]`;
  const { topic, records, ...rest } = objectOf(json, place);
  for (const name in rest) throw invalidRequest("body", `${place}.${name}`, "is not known here");
  if (typeof topic !== "string") throw invalidRequest("body", `${place}.topic`, "must be a string");
  try {
    return { topic, records: parseRecords(records, true) };
  } catch (error) {
    throw error instanceof ServiceError ? below(place, error) : error;
  }
}

/** The parser of records names fields as they stand in a produce. */
function below(place: string, error: ServiceError): ServiceError {
  const { field } = error.details;
  if (typeof field !== "string") return error;
  const message = error.message.replace(`field ${field}`, `field ${place}.${field}`);
  return new ServiceError(error.code, message, {
    details: { ...error.details, field: `${place}.${field}` },
    cause: error,
  });
}
