/** The CDK app: `npx cdk synth`, `npx cdk deploy`. Synthesis reads no credentials and asks AWS nothing. */
import { App } from "aws-cdk-lib";
import { readSettings } from "./settings.ts";
import { StreamkeeperStack } from "./stack.ts";

const app = new App();
new StreamkeeperStack(app, readSettings(app.node, process.env));
