/**
 * The blob port on one S3 bucket. Every key is written once, so each request may be sent again.
 *
 * A role that reads needs `s3:ListBucket` as well: without it S3 answers 403 instead of 404 for a key that does not exist.
 */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from "./s3-sdk.ts";
import { s3KeysPerRequestMax } from "../../limits.ts";
import type { BlobInfo, BlobPage, BlobRange, BlobStore } from "../blob-store.ts";
import { StorageCorruptError, StorageUnavailableError } from "../errors.ts";
import type { AwsRequests } from "./aws-requests.ts";

export class S3BlobStore implements BlobStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #requests: AwsRequests;

  /** `prefix` stands before every key in the bucket, for example `streamkeeper/`. */
  constructor(options: {
    readonly client: S3Client;
    readonly bucket: string;
    readonly prefix: string;
    readonly requests: AwsRequests;
  }) {
    this.#client = options.client;
    this.#bucket = options.bucket;
    this.#prefix = options.prefix;
    this.#requests = options.requests;
  }

  async put(key: string, chunks: readonly Uint8Array[]): Promise<void> {
    const body = joined(chunks);
    await this.#requests.send(
      "PutObject",
      "always",
      async () =>
        await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key, Body: body })),
    );
  }

  async get(key: string, range?: BlobRange): Promise<Uint8Array | undefined> {
    // S3 cannot ask for no bytes, but whether the blob exists must be told: ask for one and drop it.
    const wanted = range === undefined ? undefined : { start: range.start, end: Math.max(range.end, range.start + 1) };
    const bytes = await this.#requests.send("GetObject", "always", async () => await this.#read(key, wanted));
    return range === undefined ? bytes : bytes?.subarray(0, Math.max(0, range.end - range.start));
  }

  async delete(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    if (keys.length > s3KeysPerRequestMax)
      throw new RangeError(`${keys.length} keys are more than one request deletes`);
    const objects = keys.map((key) => ({ Key: this.#prefix + key }));
    const command = new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects: objects, Quiet: true } });
    const output = await this.#requests.send("DeleteObjects", "always", async () => await this.#client.send(command));
    const failed = output.Errors?.[0];
    if (failed !== undefined) throw new StorageUnavailableError(`DeleteObjects left ${failed.Key}: ${failed.Code}`);
  }

  async list(prefix: string, options: { readonly after?: string; readonly limit: number }): Promise<BlobPage> {
    const command = new ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: this.#prefix + prefix,
      StartAfter: options.after === undefined ? undefined : this.#prefix + options.after,
      MaxKeys: Math.min(options.limit, s3KeysPerRequestMax),
    });
    const output = await this.#requests.send("ListObjectsV2", "always", async () => await this.#client.send(command));
    const blobs = (output.Contents ?? []).map((object) => this.#info(object));
    const last = blobs.at(-1);
    return output.IsTruncated === true && last !== undefined ? { blobs, next: last.key } : { blobs };
  }

  async #read(key: string, range: BlobRange | undefined): Promise<Uint8Array | undefined> {
    const command = new GetObjectCommand({
      Bucket: this.#bucket,
      Key: this.#prefix + key,
      Range: range === undefined ? undefined : `bytes=${range.start}-${range.end - 1}`,
    });
    try {
      const output = await this.#client.send(command);
      // A body that ends before its announced length makes this throw.
      return (await output.Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (cause) {
      if (cause instanceof NoSuchKey) return undefined;
      // The range begins behind the end of the blob.
      if (cause instanceof S3ServiceException && cause.$metadata.httpStatusCode === 416) return new Uint8Array();
      throw cause;
    }
  }

  #info(object: { readonly Key?: string; readonly Size?: number; readonly LastModified?: Date }): BlobInfo {
    const { Key, Size, LastModified } = object;
    if (Key === undefined || !Key.startsWith(this.#prefix) || Size === undefined || LastModified === undefined) {
      throw new StorageCorruptError(`S3 listed an object without what it must have: ${Key}`);
    }
    return { key: Key.slice(this.#prefix.length), sizeBytes: Size, modifiedAtMs: LastModified.getTime() };
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
