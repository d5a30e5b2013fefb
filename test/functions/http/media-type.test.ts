import { describe, expect, test } from "vitest";
import { acceptedKind, contentKind } from "../../../functions/http/media-type.ts";

const batches = "application/vnd.kafka.record-batch.v2";

describe("acceptedKind", () => {
  test.each([
    [undefined, "json"],
    ["", "json"],
    ["*/*", "json"],
    ["application/json", "json"],
    ["application/*", "json"],
    ["text/html, application/xhtml+xml, */*;q=0.8", "json"],
    [batches, "batches"],
    [batches.toUpperCase(), "batches"],
    [`${batches}, application/json;q=0.5`, "batches"],
    [`${batches};q=0.5, application/json`, "json"],
    [`${batches}, application/json`, "json"],
    [`application/json;q=0, ${batches};q=0.1`, "batches"],
    [`*/*;q=0.1, ${batches}`, "batches"],
    [`${batches};q=0, */*`, "json"],
  ])("takes Accept: %s as %s", (accept, kind) => {
    expect(acceptedKind({ accept })).toBe(kind);
  });

  test.each(["text/html", "application/json;q=0", "application/json;q=2", "garbage"])(
    "refuses Accept: %s",
    (accept) => {
      expect(() => acceptedKind({ accept })).toThrowError(expect.objectContaining({ code: "NOT_ACCEPTABLE" }));
    },
  );
});

describe("contentKind", () => {
  test.each([
    ["application/json", "json"],
    ["application/json; charset=utf-8", "json"],
    ['Application/JSON;charset="UTF-8"', "json"],
    [batches, "batches"],
  ])("takes %s as %s", (type, kind) => {
    expect(contentKind({ "content-type": type }, ["json", "batches"])).toBe(kind);
  });

  test.each([
    [{}],
    [{ "content-type": "" }],
    [{ "content-type": "text/plain" }],
    [{ "content-type": "application/x-www-form-urlencoded" }],
    [{ "content-type": "application/json; charset=latin1" }],
    [{ "content-type": "application/json", "content-encoding": "gzip" }],
    [{ "content-type": batches }],
  ])("refuses %j where JSON is taken", (headers) => {
    expect(() => contentKind(headers, ["json"])).toThrowError(
      expect.objectContaining({ code: "UNSUPPORTED_MEDIA_TYPE", details: { accept: ["application/json"] } }),
    );
  });
});
