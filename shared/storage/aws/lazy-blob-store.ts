import type { S3Client } from "@aws-sdk/client-s3";
import type { BlobPage, BlobRange, BlobStore } from "../blob-store.ts";
import type { AwsRequests } from "./aws-requests.ts";

interface Opened {
  readonly store: BlobStore;
  readonly client: S3Client;
}

/** The blob port on S3, which loads the S3 client at its first request: that takes longer than most requests do. */
export class LazyBlobStore implements BlobStore {
  readonly #open: () => Promise<Opened>;
  #opened: Promise<Opened> | undefined;

  constructor(options: {
    readonly client: () => Promise<S3Client>;
    readonly bucket: string;
    readonly prefix: string;
    readonly requests: AwsRequests;
  }) {
    this.#open = async () => {
      const [{ S3BlobStore }, client] = await Promise.all([import("./s3-blob-store.ts"), options.client()]);
      return { store: new S3BlobStore({ ...options, client }), client };
    };
  }

  async put(key: string, chunks: readonly Uint8Array[]): Promise<void> {
    await (await this.#store()).put(key, chunks);
  }

  async get(key: string, range?: BlobRange): Promise<Uint8Array | undefined> {
    return await (await this.#store()).get(key, range);
  }

  async delete(keys: readonly string[]): Promise<void> {
    await (await this.#store()).delete(keys);
  }

  async list(prefix: string, options: { readonly after?: string; readonly limit: number }): Promise<BlobPage> {
    return await (await this.#store()).list(prefix, options);
  }

  async close(): Promise<void> {
    (await this.#opened)?.client.destroy();
  }

  async #store(): Promise<BlobStore> {
    this.#opened ??= this.#open();
    return (await this.#opened).store;
  }
}
