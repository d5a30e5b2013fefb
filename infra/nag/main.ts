/**
 * Holds cdk-nag's AwsSolutions and Serverless packs against the stacks, with every option off and with every option on:
 *
 *     npm run nag -- [<file for the report>]
 *
 * Ends with 1 if a rule is not kept and nobody said why, or if an exception is not needed.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import cdkJson from "../../cdk.json" with { type: "json" };
import type { StreamkeeperProps } from "../props.ts";
import { addStreamkeeper } from "../streamkeeper.ts";
import { checkApp } from "./check.ts";
import { renderReport } from "./report.ts";

const plain: StreamkeeperProps = { account: "000000000000", region: "us-east-1" };
const deployments: Readonly<Record<string, StreamkeeperProps>> = {
  "as it comes": plain,
  "with every option": {
    ...plain,
    retainData: false,
    functionUrls: true,
    tracing: true,
    superDigest: "super:5TrIvFGYF5EK3nAjRSxwe2MjWdo=",
    alarmTopicArn: "arn:aws:sns:us-east-1:000000000000:on-call",
  },
};

const folder = mkdtempSync(join(tmpdir(), "streamkeeper-nag-"));
// Templates are checked by `npx cdk synth`; here are the rules of cdk-nag.
process.env["CDK_VALIDATION"] = "false";
try {
  const reports = Object.entries(deployments).map(([title, props], index) => {
    const app = new App({ outdir: join(folder, String(index)), context: cdkJson.context });
    // The code of the functions is no matter of the rules.
    app.node.setContext("aws:cdk:bundling-stacks", []);
    addStreamkeeper(app, props);
    return { title, ...checkApp(app) };
  });
  const { text, isClean } = renderReport(reports);
  const file = process.argv[2];
  if (file !== undefined) writeFileSync(file, text);
  process.stdout.write(text);
  process.exitCode = isClean ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
