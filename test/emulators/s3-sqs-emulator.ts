/** Fauxqs, an emulator of S3 and SQS from npm, inside this process and on 127.0.0.1. */
import { type BuildAppOptions, buildApp } from "fauxqs";
import { segmentBytesTarget } from "../../shared/limits.ts";

export interface S3SqsEmulator {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Room for the largest object that is put in one request, and some more. */
const bodyBytesMax = 2 * segmentBytesTarget;

/**
 * Blobs are kept in `folder`, or in memory where none is given; queues are in memory.
 *
 * It is put together here rather than by fauxqs' own `startFauxqs`, which listens on every address of the machine, takes
 * bodies of up to 11 MiB and lists keys in the order of the locale, with gaps where two pages meet.
 */
export async function startS3Sqs(
  options: { readonly port?: number; readonly folder?: string } = {},
): Promise<S3SqsEmulator> {
  const app = buildApp({ logger: false, stores: await createStores(options.folder) });
  app.removeContentTypeParser("*");
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: bodyBytesMax }, (_request, body, done) => {
    done(null, body);
  });
  const endpoint = await app.listen({ host: "127.0.0.1", port: options.port ?? 0 });
  return { endpoint, stop: async () => await app.close() };
}

interface StoredObject {
  readonly key: string;
}

interface ListOptions {
  readonly delimiter?: string;
  readonly maxKeys?: number;
  readonly startAfter?: string;
}

interface ListResult {
  readonly objects: StoredObject[];
  readonly commonPrefixes: string[];
  readonly isTruncated: boolean;
}

interface S3Store {
  persistence: unknown;
  listObjects(bucket: string, options?: ListOptions): ListResult;
}

async function createStores(folder: string | undefined): Promise<NonNullable<BuildAppOptions["stores"]>> {
  const [S3Store, SqsStore, SnsStore, FileS3Persistence] = await Promise.all([
    fauxqsClass<new () => S3Store>("s3/s3Store.js", "S3Store"),
    fauxqsClass<new () => unknown>("sqs/sqsStore.js", "SqsStore"),
    fauxqsClass<new () => unknown>("sns/snsStore.js", "SnsStore"),
    fauxqsClass<new (folder: string) => { loadS3(store: S3Store): void }>(
      "s3/fileS3Persistence.js",
      "FileS3Persistence",
    ),
  ]);
  const s3Store = withListsInByteOrder(new S3Store());
  if (folder !== undefined) {
    const persistence = new FileS3Persistence(folder);
    persistence.loadS3(s3Store);
    s3Store.persistence = persistence;
  }
  return { s3Store, sqsStore: new SqsStore(), snsStore: new SnsStore() } as unknown as NonNullable<
    BuildAppOptions["stores"]
  >;
}

/** Fauxqs exports only its server; what it is made of stands in files beside it. */
async function fauxqsClass<Class>(path: string, name: string): Promise<Class> {
  const module = (await import(new URL(path, import.meta.resolve("fauxqs")).href)) as Readonly<Record<string, unknown>>;
  if (typeof module[name] !== "function") throw new Error(`this fauxqs has no ${name} in ${path}`);
  return module[name] as Class;
}

/** Without delimiters, which Streamkeeper does not use. */
function withListsInByteOrder(store: S3Store): S3Store {
  const listAll = store.listObjects.bind(store);
  store.listObjects = (bucket, { maxKeys = 1_000, startAfter = "", ...options } = {}) => {
    const { objects } = listAll(bucket, { ...options, maxKeys: Number.MAX_SAFE_INTEGER });
    const rest = objects.filter(({ key }) => byBytes(key, startAfter) > 0).toSorted((a, b) => byBytes(a.key, b.key));
    return { objects: rest.slice(0, maxKeys), commonPrefixes: [], isTruncated: rest.length > maxKeys };
  };
  return store;
}

function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
