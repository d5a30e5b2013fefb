import { describe, expect, test } from "vitest";
import { servedApis } from "../../../../gateway/kafka/api-list.ts";
import { gates } from "../../../../gateway/kafka/security/gates.ts";

describe("the gates", () => {
  test("stand before every API that is served: `security/gates.ts` says who may call it", () => {
    const without = [...servedApis.values()].filter(({ api }) => !gates.has(api.key)).map(({ api }) => api.name);
    expect(without).toEqual([]);
  });
});
