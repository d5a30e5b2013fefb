/** One Lambda function per capability: a bundled handler, its own role and its own log group. */
import { AssetHashType, DockerImage, Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Alias,
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { bundleFunction, repositoryRoot } from "../bundle.ts";

/** Where esbuild runs when there is no other way; here it always runs in this process. */
const noImage = DockerImage.fromRegistry("esbuild-runs-without-docker");

export interface CapabilityFunctionProps {
  /** File of `functions/` without its ending; it exports `handler`. */
  readonly capability: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
  readonly tracing: boolean;
  /** For one that its own configuration names. Default: CloudFormation makes one up. */
  readonly functionName?: string;
  /** Executions at a time, set aside from the account's; without, as many as come. */
  readonly concurrencyMax?: number | undefined;
}

/** A function that may write its own logs and nothing else, until something is granted to it. */
export class CapabilityFunction extends Construct {
  readonly capability: string;
  readonly memoryMb: number;
  readonly function: LambdaFunction;
  /**
   * The version in use, and what everything calls: code and configuration change together, in one step, and those calls that
   * are under way end on the version on which they began.
   */
  readonly live: Alias;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: CapabilityFunctionProps) {
    super(scope, id);
    this.capability = props.capability;
    this.memoryMb = props.memoryMb;

    const logGroup = new LogGroup(this, "Logs", {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Not the managed basic execution role: that one may write to every log group of the account.
    this.role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      description: `Streamkeeper: what the ${props.capability} function may do`,
    });
    logGroup.grantWrite(this.role);

    this.function = new LambdaFunction(this, "Function", {
      code: bundleOf(props.capability),
      handler: "index.handler",
      ...(props.functionName === undefined ? {} : { functionName: props.functionName }),
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: props.environment,
      role: this.role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: props.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      ...(props.concurrencyMax === undefined ? {} : { reservedConcurrentExecutions: props.concurrencyMax }),
    });
    this.#except(props);
    this.live = new Alias(this, "Live", { aliasName: "live", version: this.function.currentVersion });
  }

  /** Why two of cdk-nag's rules are not kept here. */
  #except({ tracing }: CapabilityFunctionProps): void {
    Validations.of(this.function).acknowledge({
      id: "Serverless-LambdaDLQ",
      reason:
        "Lambda uses it for asynchronous calls. Requests are answered, duties have the dead letters of their queue, and what a " +
        "schedule missed the next run does.",
    });
    if (tracing) {
      Validations.of(this.role).acknowledge({
        id: "AwsSolutions-IAM5[Resource::*]",
        reason: "Tracing was chosen, and X-Ray's permission to write takes no resource.",
      });
    } else {
      Validations.of(this.function).acknowledge({
        id: "Serverless-LambdaTracing",
        reason:
          "A choice (`tracing`): X-Ray's permission to write takes no resource, and traces are billed per request.",
      });
    }
  }
}

/** Bundled when the app is synthesized, and named after what came out: the same code is not deployed twice. */
function bundleOf(capability: string): Code {
  return Code.fromAsset(repositoryRoot, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: noImage,
      // Never run; tells one function's asset from another's, which have the same source folder.
      command: ["esbuild", capability],
      local: {
        tryBundle: (outdir) => {
          bundleFunction(capability, outdir);
          return true;
        },
      },
    },
  });
}
