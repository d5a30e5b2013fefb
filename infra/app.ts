/** The CDK app: `npx cdk synth`, `npx cdk deploy --all`. Synthesis reads no credentials and asks AWS nothing. */
import { App } from "aws-cdk-lib";
import { readSettings } from "./settings.ts";
import { addStreamkeeper } from "./streamkeeper.ts";

const app = new App();
addStreamkeeper(app, readSettings(app.node, process.env));
