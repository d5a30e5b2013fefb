/** The bucket behind the `BlobStore` port: payloads by reference, segments, snapshots, large znode data. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { Grant } from "aws-cdk-lib/aws-iam";
import type { IRole } from "aws-cdk-lib/aws-iam";

import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { arnSeenFrom } from "./seen-arn.ts";

/** First part of a blob's key in `shared/storage/item-keys.ts`. */
const blobKinds = ["hot", "segments", "snapshots", "znodes"] as const;
type BlobKind = (typeof blobKinds)[number];

export interface BlobBucketProps {
  /** Keep the bucket and what is in it when the stack goes. Without, deleting the stack needs an empty bucket: `BucketEmptier`. */
  readonly retainData: boolean;
}

/**
 * Holds every blob. S3 itself never expires an object: only what has seen that nothing references it may delete it.
 *
 * No versions: objects are never overwritten, and a deleted one would go on costing.
 */
export class BlobBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, props: BlobBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, "Bucket", {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [{ id: "abort-incomplete-uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: props.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    Validations.of(this.bucket).acknowledge({
      id: "AwsSolutions-S1",
      reason: "Only our functions use it; a line of access log for each request would cost more than the request.",
    });
  }

  /** May store new blobs. */
  grantWrite(grantee: IRole, ...kinds: readonly BlobKind[]): Grant {
    return this.#grantOnBlobs(grantee, "s3:PutObject", kinds);
  }

  /** May read blobs, and learn that one is missing: without ListBucket S3 answers that with "access denied". */
  grantRead(grantee: IRole, ...kinds: readonly BlobKind[]): Grant {
    return this.#grantOnBlobs(grantee, "s3:GetObject", kinds).combine(this.#grantFind(grantee));
  }

  /** May list blobs and delete them. */
  grantCollect(grantee: IRole, ...kinds: readonly BlobKind[]): Grant {
    return this.#grantOnBlobs(grantee, "s3:DeleteObject", kinds).combine(this.#grantFind(grantee));
  }

  #grantOnBlobs(grantee: IRole, action: string, kinds: readonly BlobKind[]): Grant {
    for (const kind of kinds) {
      Validations.of(grantee).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${arnSeenFrom(grantee, this.bucket, this.bucket.bucketArn)}/${kind}/*]`,
        reason: "The names of blobs are made at run time: a permission reaches as far as a kind of blob.",
      });
    }
    return Grant.addToPrincipal({
      grantee,
      actions: [action],
      resourceArns: kinds.map((kind) => this.bucket.arnForObjects(`${kind}/*`)),
    });
  }

  #grantFind(grantee: IRole): Grant {
    return Grant.addToPrincipal({ grantee, actions: ["s3:ListBucket"], resourceArns: [this.bucket.bucketArn] });
  }
}
