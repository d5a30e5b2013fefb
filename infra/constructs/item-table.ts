/** The table behind the `ItemStore` port: namespaces, topic projections, partition states, counters, garbage, leases, transactions, groups. */
import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { ttlAttribute } from "../../shared/storage/aws/log-entry-item.ts";
import { grantOnPartitions } from "./table-grants.ts";

/** Kinds of items by their partition key in `shared/storage/item-keys.ts`; an asterisk stands for any characters. */
export type ItemPartition =
  | "namespaces"
  | "topics:*"
  | "partitions:*"
  | "producer-ids"
  | "garbage"
  | "sessions:*"
  | "transactions:*"
  | "groups:*"
  | "share:*"
  | "connections:*"
  | "subscribers:*"
  | "health";

export interface ItemTableProps {
  /** Keep the table when the stack goes, and refuse to delete it. */
  readonly retainData: boolean;
}

/** Holds every item. Permissions are given per operation of the port and per kind of item. */
export class ItemTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, props: ItemTableProps) {
    super(scope, id);
    this.table = new Table(this, "Table", {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      timeToLiveAttribute: ttlAttribute,
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: props.retainData,
      removalPolicy: props.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  /** May read single items. */
  grantGet(grantee: IGrantable, ...partitions: readonly ItemPartition[]): Grant {
    return grantOnPartitions(this.table, grantee, ["dynamodb:GetItem"], partitions);
  }

  /** May list the items of a partition key. */
  grantList(grantee: IGrantable, ...partitions: readonly ItemPartition[]): Grant {
    return grantOnPartitions(this.table, grantee, ["dynamodb:Query"], partitions);
  }

  /** May create and update items whatever is there. */
  grantPut(grantee: IGrantable, ...partitions: readonly ItemPartition[]): Grant {
    return grantOnPartitions(this.table, grantee, ["dynamodb:UpdateItem"], partitions);
  }

  /** May create and update items under a condition, and read what made a condition fail. */
  grantUpdate(grantee: IGrantable, ...partitions: readonly ItemPartition[]): Grant {
    return grantOnPartitions(this.table, grantee, ["dynamodb:UpdateItem", "dynamodb:GetItem"], partitions);
  }

  /** May delete items without a condition. */
  grantErase(grantee: IGrantable, ...partitions: readonly ItemPartition[]): Grant {
    return grantOnPartitions(this.table, grantee, ["dynamodb:DeleteItem"], partitions);
  }

  /** May delete items under a condition, and read what made a condition fail. */
  grantDelete(grantee: IGrantable, ...partitions: readonly ItemPartition[]): Grant {
    return grantOnPartitions(this.table, grantee, ["dynamodb:DeleteItem", "dynamodb:GetItem"], partitions);
  }
}
