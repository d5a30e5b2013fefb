import { describe, expect, test } from "vitest";
import { parseQuery } from "../../../functions/http/query.ts";

describe("parseQuery", () => {
  test("decodes names and values", () => {
    expect({ ...parseQuery("offset=5&next%54oken=a%2Bb+c&empty=&bare") }).toEqual({
      offset: "5",
      nextToken: "a+b c",
      empty: "",
      bare: "",
    });
    expect({ ...parseQuery("") }).toEqual({});
    expect({ ...parseQuery("&a=1&&") }).toEqual({ a: "1" });
  });

  test("keeps the names of object methods apart from them", () => {
    expect(Object.keys(parseQuery("__proto__=1&constructor=2"))).toEqual(["__proto__", "constructor"]);
  });

  test.each(["a=1&a=2", "a=1&%61=2"])("refuses a parameter that is given twice: %s", (query) => {
    expect(() => parseQuery(query)).toThrowError(
      expect.objectContaining({ code: "INVALID_REQUEST", details: { in: "query", field: "a" } }),
    );
  });

  test.each(["a=%", "a=%ff", "%zz=1"])("refuses a broken encoding: %s", (query) => {
    expect(() => parseQuery(query)).toThrowError(expect.objectContaining({ code: "INVALID_REQUEST" }));
  });
});
