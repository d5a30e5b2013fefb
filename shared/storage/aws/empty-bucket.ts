/** Deletes all that is in a bucket which is about to be deleted itself. */
import {
  DeleteObjectsCommand,
  GetBucketTaggingCommand,
  ListObjectsV2Command,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { emptyingPagesMax } from "../../limits/empty-bucket.ts";
import { disposableTag } from "./disposable-tag.ts";

/** `kept`: the bucket does not have the tag, and nothing was deleted. */
export type Emptied = { readonly kind: "kept" } | { readonly kind: "emptied"; readonly objects: number };

/**
 * Deletes every object of a bucket that is tagged as one to be thrown away.
 *
 * @param isLate asked before each page of 1,000 objects: no time is left
 * @throws Error if time is up before the bucket is empty, or an object could not be deleted: calling again goes on
 */
export async function emptyBucket(client: S3Client, bucket: string, isLate: () => boolean): Promise<Emptied> {
  if (!(await isDisposable(client, bucket))) return { kind: "kept" };
  let objects = 0;
  for (let page = 0; page < emptyingPagesMax && !isLate(); page++) {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    if (Contents.length === 0) return { kind: "emptied", objects };
    const Objects = Contents.map(({ Key }) => ({ Key }));
    const deletion = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } });
    const [failed] = (await client.send(deletion)).Errors ?? [];
    if (failed !== undefined) throw new Error(`${failed.Key} was not deleted: ${failed.Code}`);
    objects += Contents.length;
  }
  throw new Error(`time was up after ${objects} objects; delete the stack again to go on`);
}

async function isDisposable(client: S3Client, bucket: string): Promise<boolean> {
  try {
    const { TagSet = [] } = await client.send(new GetBucketTaggingCommand({ Bucket: bucket }));
    return TagSet.some(({ Key, Value }) => Key === disposableTag && Value === "true");
  } catch (cause) {
    if (cause instanceof S3ServiceException && cause.name === "NoSuchTagSet") return false;
    throw cause;
  }
}
