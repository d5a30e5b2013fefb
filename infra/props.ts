import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { MetricsLevel } from "../shared/metrics/catalogue.ts";

export interface JwtProps {
  /** For example `https://cognito-idp.eu-central-1.amazonaws.com/<pool>`; its `.well-known/openid-configuration` names the keys. */
  readonly issuer: string;
  /** The `aud` or `client_id` of its tokens. */
  readonly audience: readonly string[];
  /**
   * The claim with the permissions; they may also stand in `scope`.
   *
   * @default "streamkeeper"
   */
  readonly claim?: string;
}

/**
 * What one deployment may choose. `cdk.json`, or `npx cdk deploy --all -c name=value`, fills it for the app of this repository
 * (`settings.ts`); an app of one's own passes it to `addStreamkeeper`. All is checked when the app is synthesized.
 */
export interface StreamkeeperProps {
  /**
   * Name of the service's stack; the stack with its data is `<stackName>-Data`. Two names in one account are two services that
   * share nothing. Letters, digits and hyphens, at most 95.
   *
   * @default "Streamkeeper"
   */
  readonly stackName?: string;
  /**
   * Account to deploy to, 12 digits.
   *
   * @default that of the CLI's credentials; 000000000000 where there are none, so that synthesis needs none
   */
  readonly account?: string;
  /**
   * Region to deploy to.
   *
   * @default that of the CLI's credentials; us-east-1 where there are none
   */
  readonly region?: string;
  /**
   * Tables and bucket outlive their stack, and the stack refuses to be deleted. With `false`, deleting the stack deletes
   * everything, without asking: for stacks that are made to be thrown away.
   *
   * @default true
   */
  readonly retainData?: boolean;
  /**
   * Beside the HTTP API, produce and fetch get a URL of their own each (outputs `ProduceUrl` and `FetchUrl`), which costs
   * nothing per request. IAM guards it as a whole: a policy can not name topics there.
   *
   * @default false
   */
  readonly functionUrls?: boolean;
  /**
   * Sets aside executions of the account for duties that must not run twice at a time. Lambda refuses that in an account whose
   * limit is so low that fewer than 100 would be left to all other functions; turn it off there.
   *
   * @default true
   */
  readonly reserveConcurrency?: boolean;
  /**
   * Readers are told over WebSocket what there is to read, in place of long polls, which cost function time for as long as they
   * wait (output `PushUrl`). Each batch of writes then starts a function, for about $0.25 per million of them. Where `jwt` is set
   * there are none: a handshake proves who it is by IAM.
   *
   * @default true
   */
  readonly push?: boolean;
  /**
   * Requests per second that the HTTP API takes, of all callers together, with bursts of half of that at once; what is above it
   * is answered 429. Bounds what a caller that runs wild can cost. Function URLs are bounded by Lambda's concurrency alone.
   *
   * @default 10000, as many as an account has for all its APIs unless AWS raised it
   */
  readonly requestsPerSecondMax?: number;
  /**
   * X-Ray traces of every function. Its permission to write cannot be narrowed to a resource.
   *
   * @default false
   */
  readonly tracing?: boolean;
  /**
   * How long logs are kept, days; one of the numbers that CloudWatch Logs offers.
   *
   * @default 30
   */
  readonly logRetentionDays?: RetentionDays;
  /**
   * `user:base64(SHA-1(user:password))` of who may do everything with znodes, as ZooKeeper's superDigest.
   *
   * @default nobody
   */
  readonly superDigest?: string;
  /**
   * Which metrics the functions write to CloudWatch, which bills each combination of dimensions: none; those of the whole
   * deployment and of each consumer group and topic; also of each topic and operation; also of each partition of a group.
   * `docs/metrics.md` has them all.
   *
   * @default "DEFAULT"
   */
  readonly metricsLevel?: MetricsLevel;
  /**
   * Alarms, each with a page in `docs/runbooks/`; CloudWatch bills them whether the deployment is used or not.
   *
   * @default true
   */
  readonly alarms?: boolean;
  /**
   * A CloudWatch dashboard with the name of the stack; the account's first three cost nothing.
   *
   * @default true
   */
  readonly dashboard?: boolean;
  /**
   * Records of a partition by which a consumer group may be behind before an alarm goes off.
   *
   * @default no alarm: how far is too far, only the application knows
   */
  readonly consumerLagOffsetsMax?: number;
  /**
   * Seconds by which a consumer group may be behind before an alarm goes off.
   *
   * @default no alarm
   */
  readonly consumerLagSecondsMax?: number;
  /**
   * Tokens (JWT) instead of IAM: API Gateway takes those of this issuer for one of these audiences, and the functions allow
   * what stands in their claim (`docs/authorization.md`). With `-c` it is JSON. Not together with `functionUrls`.
   *
   * @default IAM
   */
  readonly jwt?: JwtProps;
  /**
   * ARN of the SNS topic that every alarm notifies.
   *
   * @default alarms only show their state
   */
  readonly alarmTopicArn?: string;
}
