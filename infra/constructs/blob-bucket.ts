/** The bucket behind the `BlobStore` port: payloads by reference, segments, snapshots, large znode data. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { Grant } from "aws-cdk-lib/aws-iam";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";

/** First part of a blob's key in `shared/storage/item-keys.ts`. */
export type BlobKind = "hot" | "segments" | "snapshots" | "znodes";

export interface BlobBucketProps {
  /** Keep the bucket and what is in it when the stack goes. Without, deleting the stack still needs an empty bucket. */
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
      reason:
        "Only our own functions may use it; a line of access log per object would cost more than the object's request.",
    });
  }

  /** May store new blobs. */
  grantWrite(grantee: IGrantable, ...kinds: readonly BlobKind[]): Grant {
    return this.#grantOnBlobs(grantee, "s3:PutObject", kinds);
  }

  /** May read blobs, and learn that one is missing: without ListBucket S3 answers that with "access denied". */
  grantRead(grantee: IGrantable, ...kinds: readonly BlobKind[]): Grant {
    return this.#grantOnBlobs(grantee, "s3:GetObject", kinds).combine(this.#grantFind(grantee));
  }

  /** May list blobs and delete them. */
  grantCollect(grantee: IGrantable, ...kinds: readonly BlobKind[]): Grant {
    return this.#grantOnBlobs(grantee, "s3:DeleteObject", kinds).combine(this.#grantFind(grantee));
  }

  #grantOnBlobs(grantee: IGrantable, action: string, kinds: readonly BlobKind[]): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: [action],
      resourceArns: kinds.map((kind) => this.bucket.arnForObjects(`${kind}/*`)),
    });
  }

  #grantFind(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({ grantee, actions: ["s3:ListBucket"], resourceArns: [this.bucket.bucketArn] });
  }
}
