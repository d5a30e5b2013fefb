/** URLs of single functions, beside the HTTP API: without its price per request, and without its paths in IAM policies. */
import { CfnOutput } from "aws-cdk-lib";
import { FunctionUrlAuthType, InvokeMode } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { CapabilityFunction } from "./capability-function.ts";

/** What moves records, and so makes nearly all requests. */
export interface FunctionUrlsProps {
  readonly produce: CapabilityFunction;
  readonly fetch: CapabilityFunction;
}

/**
 * A caller needs `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction` on the function's alias, and may then use every topic of
 * every namespace: IAM knows no paths here.
 */
export class FunctionUrls extends Construct {
  constructor(scope: Construct, id: string, { produce, fetch }: FunctionUrlsProps) {
    super(scope, id);
    for (const [name, { live }] of [
      ["ProduceUrl", produce],
      ["FetchUrl", fetch],
    ] as const) {
      const { url } = live.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM, invokeMode: InvokeMode.BUFFERED });
      const output = new CfnOutput(this, name, { value: url, description: `Function URL: the client's \`endpoints\`` });
      output.overrideLogicalId(name);
    }
  }
}
