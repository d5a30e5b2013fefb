/** The npm package zookeeper, as far as the scenarios use it: it is installed beside what this is bundled into. */
import { once } from "node:events";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const waitMsMax = 40_000;
const sessionMs = 4_000;
const sessionEvent = -1;
const connectMsMax = 20_000;

interface Stat {
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly czxid: number;
  readonly mzxid: number;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly createdInThisSession: boolean;
}

interface Acl {
  readonly perms: number;
  readonly scheme: string;
  readonly auth: string;
}

type Watcher = (type: number, state: number, path: string) => void;

interface ZooKeeper extends NodeJS.EventEmitter {
  readonly client_id: string;
  readonly client_password: string;
  init(options: object): void;
  close(): void;
  add_auth(scheme: string, auth: string, done: (code: number) => void): void;
  create(path: string, data: string, mode: number, ttl?: number): Promise<string>;
  exists(path: string, watch: false): Promise<Stat>;
  w_exists(path: string, watcher: Watcher): Promise<Stat>;
  get(path: string, watch: false): Promise<readonly [Stat, Buffer]>;
  w_get(path: string, watcher: Watcher): Promise<readonly [Stat, Buffer]>;
  get_children(path: string, watch: false): Promise<readonly string[]>;
  w_get_children(path: string, watcher: Watcher): Promise<readonly string[]>;
  get_children2(path: string, watch: false): Promise<readonly [readonly string[], Stat]>;
  set(path: string, data: string, version: number): Promise<Stat>;
  delete_(path: string, version: number): Promise<unknown>;
  get_acl(path: string): Promise<readonly [readonly Acl[], Stat]>;
  set_acl(path: string, version: number, acl: readonly Acl[]): Promise<unknown>;
  sync(path: string): Promise<unknown>;
  getconfig(watch: false): Promise<unknown>;
}

export interface Session {
  readonly client_id: string;
  readonly client_password: string;
}

const ZooKeeperClass = createRequire(import.meta.url)("zookeeper") as new () => ZooKeeper;

export class Client {
  readonly zk: ZooKeeper;
  /** `connect`, `connecting`, `close <state>`. */
  readonly states: string[] = [];
  events: (readonly [number, string])[] = [];
  /** What becomes of the session is told to every watcher, too. */
  readonly hear: Watcher = (type, _state, path) => {
    if (type !== sessionEvent) this.events.push([type, path]);
  };

  constructor(zk: ZooKeeper) {
    this.zk = zk;
    for (const state of ["connect", "connecting"]) zk.on(state, () => void this.states.push(state));
    zk.on("close", (_zk: unknown, code: number) => void this.states.push(`close ${code}`));
  }

  /** What was heard since the last call, without the root. */
  takeEvents(root: string): (readonly [number, string])[] {
    const events = this.events.map(([type, path]) => [type, path.slice(root.length)] as const);
    this.events = [];
    return events;
  }

  async authenticate(userAndPassword: string): Promise<void> {
    const code = await new Promise<number>((resolve) => this.zk.add_auth("digest", userAndPassword, resolve));
    if (code !== 0) throw new Error(`authentication: ${code}`);
  }

  async close(): Promise<void> {
    const closed = once(this.zk, "close");
    this.zk.close();
    await closed;
  }
}

export async function clientOf(address: string, session?: Session): Promise<Client> {
  const client = new Client(new ZooKeeperClass());
  const connected = once(client.zk, "connect", { signal: AbortSignal.timeout(connectMsMax) });
  // Errors alone, of its C library.
  const options = { connect: address, timeout: sessionMs, debug_level: 1, host_order_deterministic: true };
  client.zk.init({ ...options, data_as_buffer: true, ...session });
  await connected;
  return client;
}

/** The message of what a call fails with; undefined where it succeeds. */
export async function errorOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export async function waitUntil(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + waitMsMax;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited ${waitMsMax} ms for ${what}`);
    await sleep(10);
  }
}
