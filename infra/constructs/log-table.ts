/** The table behind the `LogStore` port: one item per entry, one partition key value per log. */
import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, StreamViewType, Table } from "aws-cdk-lib/aws-dynamodb";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { ttlAttribute } from "../../shared/storage/aws/log-entry-item.ts";
import { grantOnPartitions } from "./table-grants.ts";

/** What a log is for: the part of its id before the first colon (`shared/log/log-id.ts`). */
export type LogKind = "partition" | "segments" | "tree" | "snapshots";

export interface LogTableProps {
  /** Keep the table when the stack goes, and refuse to delete it. */
  readonly retainData: boolean;
}

/** Holds every log. Permissions are given per operation of the port and per kind of log. */
export class LogTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, props: LogTableProps) {
    super(scope, id);
    this.table = new Table(this, "Table", {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.NUMBER },
      timeToLiveAttribute: ttlAttribute,
      // Keys say which log has grown; who is told reads the rest, where it must. Without a reader a stream costs nothing.
      stream: StreamViewType.KEYS_ONLY,
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: props.retainData,
      removalPolicy: props.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  /** Tells of every entry that is put. */
  get streamArn(): string {
    const { tableStreamArn } = this.table;
    if (tableStreamArn === undefined) throw new Error("the log table has no stream");
    return tableStreamArn;
  }

  /** May put entries, and read what stands where a put lost. */
  grantAppend(grantee: IGrantable, ...kinds: readonly LogKind[]): Grant {
    return this.#grant(grantee, ["dynamodb:PutItem", "dynamodb:Query"], kinds);
  }

  /** May read entries. */
  grantRead(grantee: IGrantable, ...kinds: readonly LogKind[]): Grant {
    return this.#grant(grantee, ["dynamodb:Query"], kinds);
  }

  /** May find and delete entries. */
  grantTrim(grantee: IGrantable, ...kinds: readonly LogKind[]): Grant {
    return this.#grant(grantee, ["dynamodb:BatchWriteItem", "dynamodb:Query"], kinds);
  }

  #grant(grantee: IGrantable, actions: readonly string[], kinds: readonly LogKind[]): Grant {
    return grantOnPartitions(
      this.table,
      grantee,
      actions,
      kinds.map((kind) => `${kind}:*`),
    );
  }
}
