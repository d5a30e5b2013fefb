/** One Lambda function per capability: a bundled handler, its own role and its own log group. */
import { fileURLToPath } from "node:url";
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  ApplicationLogLevel,
  Architecture,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { LogLevel, NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import type { BundlingOptions } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

const repositoryRoot = fileURLToPath(new URL("../../", import.meta.url));

/**
 * esbuild's options for every function (docs/decisions/0005-deployment.md has the measurements).
 *
 * The AWS SDK is bundled: the one in Lambda's runtime is neither pinned nor as quick to import.
 */
const bundling: BundlingOptions = {
  format: OutputFormat.ESM,
  target: "node24",
  minify: true,
  sourceMap: false,
  bundleAwsSDK: true,
  externalModules: [],
  // The packages' ES modules: tree-shaken, they make half the bundle that their CommonJS builds make.
  mainFields: ["module", "main"],
  // CommonJS dependencies inside an ES module still call require for Node's own modules.
  banner: "import{createRequire as cjsRequire}from'node:module';const require=cjsRequire(import.meta.url);",
  esbuildArgs: { "--alias": "node:http=./infra/node-http.cts" },
  forceDockerBundling: false,
  logLevel: LogLevel.WARNING,
};

export interface CapabilityFunctionProps {
  /** File of `functions/` without its ending; it exports `handler`. */
  readonly capability: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
  readonly tracing: boolean;
}

/** A function that may write its own logs and nothing else, until something is granted to it. */
export class CapabilityFunction extends Construct {
  readonly capability: string;
  readonly function: NodejsFunction;

  constructor(scope: Construct, id: string, props: CapabilityFunctionProps) {
    super(scope, id);
    this.capability = props.capability;

    const logGroup = new LogGroup(this, "Logs", {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Not the managed basic execution role: that one may write to every log group of the account.
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      description: `Streamkeeper: what the ${props.capability} function may do`,
    });
    logGroup.grantWrite(role);

    this.function = new NodejsFunction(this, "Function", {
      entry: `${repositoryRoot}functions/${props.capability}.ts`,
      projectRoot: repositoryRoot,
      depsLockFilePath: `${repositoryRoot}package-lock.json`,
      bundling,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: props.environment,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: props.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
    });
  }
}
