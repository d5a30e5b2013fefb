import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { capabilityOf, resourcesOf, synthesize } from "./synthesize.ts";

describe("function URLs", () => {
  test("are given to nothing unless that was chosen", () => {
    const template = synthesize();
    template.resourceCountIs("AWS::Lambda::Url", 0);
    expect(template.findOutputs("ProduceUrl")).toEqual({});
  });

  test("are those of produce and fetch, open only to callers with IAM permission, and told in the outputs", () => {
    const template = synthesize({ functionUrls: true });
    const urls = resourcesOf(template, "AWS::Lambda::Url");
    expect(urls.map(([id]) => capabilityOf(id)).toSorted()).toEqual(["fetch", "produce"]);
    template.allResourcesProperties("AWS::Lambda::Url", { AuthType: "AWS_IAM", InvokeMode: "BUFFERED" });
    template.hasOutput("ProduceUrl", {
      Value: { "Fn::GetAtt": [Match.stringLikeRegexp("^produceLive"), "FunctionUrl"] },
    });
    template.hasOutput("FetchUrl", { Value: { "Fn::GetAtt": [Match.stringLikeRegexp("^fetchLive"), "FunctionUrl"] } });
    // Whoever may call is told by policies of callers alone.
    for (const [, { Properties }] of resourcesOf(template, "AWS::Lambda::Permission"))
      expect(Properties["Action"]).toBe("lambda:InvokeFunction");
  });
});
