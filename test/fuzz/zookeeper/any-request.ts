/** Requests of every operation of ZooKeeper's protocol: paths and numbers that mean something, and such as break things. */
import { type OperationName, operations, type RequestOf } from "../../../gateway/zookeeper/protocol/operations.ts";
import type { FuzzRandom } from "../fuzz-random.ts";

/** Paths that were met in answers. */
export type Paths = readonly string[];

type Maker<Name extends OperationName> = (of: Making) => RequestOf<Name>;

export const operationNames = Object.keys(operations) as OperationName[];

const fixedPaths = ["/", "/a", "/a/b", "/a/b/c", "/zookeeper", "/zookeeper/config", "/zookeeper/quota", "/healthy"];
const wrongPaths = ["", "a", "//", "/a/", "/a//b", "/a/./b", "/../a", "/\u0000", "/\ud800", "/\ufffd", "/ä€😀", "/a\n"];
const numbers = [-1, 0, 1, 2, 3, 4, 5, 7, 31, 100, 0x7fff_ffff, -0x8000_0000];
const longs = [0n, -1n, 1n, 1n << 62n, -(1n << 63n), (1n << 63n) - 1n];
const schemes = ["world", "digest", "ip", "auth", "x509", "sasl", "super", "", "nobody"];
const ids = ["anyone", "u:KZ84D6C9cAKNpJRPkQEZ4Wg/hd8=", "127.0.0.1", "10.0.0.0/8", "::1", "", "x"];
const credentials = ["u:p", "u", ":", "", "super:admin", "ä:ö"];
const dataBytesMax = 200;

/** Draws what requests are made of. */
class Making {
  readonly random: FuzzRandom;
  readonly #paths: Paths;

  constructor(random: FuzzRandom, paths: Paths) {
    this.random = random;
    this.#paths = paths;
  }

  path(): string {
    const { random } = this;
    const kind = random.below(20);
    if (kind === 0) return random.pick(wrongPaths);
    if (kind === 1) return `/${"x".repeat(random.pick([100, 2_000, 40_000]))}`;
    const known = random.pick(kind < 10 || this.#paths.length === 0 ? fixedPaths : this.#paths);
    if (kind % 3 !== 0) return known;
    return `${known === "/" ? "" : known}/${random.pick(["a", "b", "n-", "x"])}`;
  }

  number(): number {
    return this.random.chance(0.9) ? this.random.pick(numbers) : this.random.uint32() | 0;
  }

  /** A version that fits more often than not. */
  version(): number {
    return this.random.chance(0.6) ? -1 : this.number();
  }

  zxid(): number {
    return this.random.pick([0, 1, 5, 20, this.random.whole()]);
  }

  long(): bigint {
    return this.random.chance(0.7) ? this.random.pick(longs) : BigInt(this.random.uint32());
  }

  data(): Uint8Array | null {
    if (this.random.chance(0.1)) return null;
    return this.random.bytes(this.random.chance(0.01) ? 300_000 : this.random.below(dataBytesMax));
  }

  acl(): RequestOf<"create">["acl"] {
    const { random } = this;
    if (random.chance(0.7)) return [{ permissions: 31, scheme: "world", id: "anyone" }];
    return this.list(() => ({ permissions: this.number(), scheme: random.pick(schemes), id: random.pick(ids) }));
  }

  list<Item>(item: () => Item): Item[] {
    const { random } = this;
    const length = random.chance(0.01) ? 300 : random.pick([1, 1, 1, 2, 3, 0]);
    return Array.from({ length }, item);
  }

  flags(): number {
    return this.random.chance(0.9) ? this.random.below(7) : this.number();
  }

  text(): string {
    return this.random.pick([...schemes, ...credentials]);
  }
}

const createRequest = (of: Making) => ({ path: of.path(), data: of.data(), acl: of.acl(), flags: of.flags() });
const createTtl = (of: Making) => ({ ...createRequest(of), flags: of.random.pick([5, 6, 0]), ttl: of.zxid() });
const pathVersion = (of: Making) => ({ path: of.path(), version: of.version() });
const setData = (of: Making) => ({ ...pathVersion(of), data: of.data() });
const watched = (of: Making) => ({ path: of.path(), watch: of.random.chance(0.5) });
const path = (of: Making) => ({ path: of.path() });
const watches = (of: Making) => ({ path: of.path(), type: of.random.chance(0.9) ? of.random.below(6) : of.number() });
const nothing = () => ({});
const setWatches = (of: Making) => ({
  relativeZxid: of.zxid(),
  dataWatches: of.list(() => of.path()),
  existWatches: of.list(() => of.path()),
  childWatches: of.list(() => of.path()),
});

const makers: { readonly [Name in OperationName]: Maker<Name> } = {
  create: createRequest,
  create2: createRequest,
  createContainer: (of) => ({ ...createRequest(of), flags: of.random.pick([4, 4, 0]) }),
  createTTL: createTtl,
  delete: pathVersion,
  exists: watched,
  getData: watched,
  setData,
  getACL: path,
  setACL: (of) => ({ ...pathVersion(of), acl: of.acl() }),
  getChildren: watched,
  getChildren2: watched,
  sync: path,
  ping: nothing,
  check: pathVersion,
  multi: (of) => of.list(() => anyPart(of)),
  multiRead: (of) => of.list(() => ({ kind: of.random.pick(["getData", "getChildren"]), body: watched(of) })),
  reconfig: () => ({ joiningServers: null, leavingServers: "1", newMembers: "", curConfigId: -1n }),
  checkWatches: watches,
  removeWatches: watches,
  auth: (of) => ({ type: 0, scheme: of.random.pick(schemes), auth: new TextEncoder().encode(of.text()) }),
  setWatches,
  setWatches2: (of) => ({
    ...setWatches(of),
    persistentWatches: of.list(() => of.path()),
    persistentRecursiveWatches: of.list(() => of.path()),
  }),
  sasl: (of) => ({ token: of.data() }),
  getEphemerals: path,
  getAllChildrenNumber: path,
  addWatch: (of) => ({ path: of.path(), mode: of.random.chance(0.9) ? of.random.below(2) : of.number() }),
  whoAmI: nothing,
  closeSession: nothing,
};

function anyPart(of: Making): RequestOf<"multi">[number] {
  const kind = of.random.pick([
    "create",
    "create",
    "create2",
    "createContainer",
    "createTTL",
    "delete",
    "setData",
    "check",
  ]);
  switch (kind) {
    case "createTTL":
      return { kind, body: createTtl(of) };
    case "create":
    case "create2":
    case "createContainer":
      return { kind, body: createRequest(of) };
    case "setData":
      return { kind, body: setData(of) };
    default:
      return { kind: kind === "check" ? kind : "delete", body: pathVersion(of) };
  }
}

export function anyRequest<Name extends OperationName>(random: FuzzRandom, name: Name, paths: Paths): RequestOf<Name> {
  return makers[name](new Making(random, paths));
}
