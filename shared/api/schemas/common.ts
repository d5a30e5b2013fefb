/** Schemas that several resources share: names, numbers, bytes, pages. */
import * as z from "zod";
import { errorTable } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import {
  fetchWaitMsMax,
  namespaceNameCharsMax,
  nextTokenCharsMax,
  pageItemsDefault,
  pageItemsMax,
  topicNameCharsMax,
} from "../../limits.ts";

export const int32Max = 2_147_483_647;

/** A whole number from 0 to 2^53-1: offsets, timestamps, fencing tokens. */
export const count = z.int().min(0);

/** A whole number in a path or a query, in decimal without sign, spaces, leading zeros or exponent. */
export const integerText = (max: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(0).max(max));

/** As `integerText`, but negative numbers pass, for fields whose range a service checks under its own error name. */
export const signedIntegerText = z
  .string()
  .regex(/^(0|-?[1-9][0-9]{0,15})$/, "must be a whole number")
  .transform(Number)
  .pipe(z.int());

/** The rules of names are the services' to apply, under Kafka's own error names; here they are only documented. */
export const namespaceName = z.string().meta({
  description: "A namespace: the unit of isolation. `default` exists from the start.",
  minLength: 1,
  maxLength: namespaceNameCharsMax,
  examples: ["default"],
});

export const topicName = z.string().meta({
  description: "Letters, digits, `.`, `_` and `-`; not `.` nor `..`. Otherwise INVALID_TOPIC_EXCEPTION.",
  minLength: 1,
  maxLength: topicNameCharsMax,
  pattern: "^[a-zA-Z0-9._-]+$",
  examples: ["orders"],
});

export const namespaceParams = z.strictObject({ namespace: namespaceName });
export const topicParams = z.strictObject({ namespace: namespaceName, topic: topicName });
export const partitionParams = z.strictObject({
  namespace: namespaceName,
  topic: topicName,
  partition: integerText(int32Max),
});
export const noParams = z.strictObject({});
export const noQuery = z.strictObject({});

export const pageQuery = z.strictObject({
  limit: integerText(pageItemsMax).pipe(z.int().min(1).max(pageItemsMax)).default(pageItemsDefault),
  nextToken: z
    .string()
    .min(1)
    .max(nextTokenCharsMax)
    .meta({ description: "What the previous page answered; opaque." })
    .optional(),
});

export const nextToken = z.string().meta({ description: "Absent on the last page." }).optional();

/** A long poll, in a query. */
export const waitMs = integerText(fetchWaitMsMax)
  .default(0)
  .meta({ description: "How long to wait for something to answer, ms." });

export const zxidAnswer = z.object({ zxid: count });

/** Text that has a UTF-8 form: half a character (a lone surrogate) has none, and encoding it would change it silently. */
export const text = z.string().refine((value) => value.isWellFormed(), "has half a character; send bytes as base64");

const bytesProblem = 'must be a string, {"base64": "..."} or null; send JSON as a string';

/** Bytes in JSON: a string stands for its UTF-8 bytes, `base64` for any bytes (RFC 4648 section 4, with padding). */
export const bytes = z.union([text, z.strictObject({ base64: z.base64() })], bytesProblem).meta({
  id: "Bytes",
  description:
    "A string stands for its UTF-8 bytes, an object for any bytes. Answers use the string whenever the bytes are valid UTF-8.",
  examples: ["hello", { base64: "3q2+7w==" }],
});

export const bytesOrNull = bytes.nullable();

const int64Problem = "must be a decimal string from 0 to 2^63-1";

/** A 64-bit id as a decimal string. */
export const int64Text = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,18})$/, { error: int64Problem, abort: true })
  .refine((digits) => BigInt(digits) <= 0x7fff_ffff_ffff_ffffn, int64Problem);

const errorCodes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];
const errorFields = {
  error: z.enum(errorCodes).meta({ description: "Kafka's or ZooKeeper's own name." }),
  message: z.string(),
  retriable: z.boolean().meta({ description: "Sending the same request again may succeed." }),
  details: z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.union([z.string(), z.number()]))]),
    )
    .meta({
      description:
        "The facts needed to recover. `effect: unknown` says that a write may have happened; `field` names what a request got wrong.",
    }),
};

/** The failure of one part of a request. */
export const partError = z.object(errorFields).meta({ id: "PartError" });

/** The body of every answer with a status from 400 on. */
export const errorAnswer = z.object({ ...errorFields, requestId: z.string() }).meta({ id: "Error" });

export type EncodedBytes = z.infer<typeof bytes>;
export type ZxidAnswer = z.infer<typeof zxidAnswer>;
export type PartError = z.infer<typeof partError>;
export type ErrorAnswer = z.infer<typeof errorAnswer>;
