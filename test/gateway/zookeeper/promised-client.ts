/** node-zookeeper-client with promises instead of callbacks. */
import { once } from "node:events";
import { type ACL, type Client, createClient, type Event, type Exception, type Stat } from "node-zookeeper-client";

const sessionTimeoutMs = 4_000;
/** Between two attempts to connect. */
const spinDelayMs = 20;

export interface Session {
  readonly sessionId: Buffer;
  readonly sessionPassword: Buffer;
}

export class PromisedClient {
  readonly client: Client;
  /** The states that it went through. */
  readonly states: string[] = [];
  readonly #events: string[] = [];

  private constructor(ports: readonly number[], session: Session | undefined) {
    const options = { sessionTimeout: sessionTimeoutMs, spinDelay: spinDelayMs, ...session };
    this.client = createClient(ports.map((port) => `127.0.0.1:${port}`).join(","), options);
    this.client.on("state", (state) => void this.states.push(state.name));
  }

  /** @param session is gone on with, instead of a new one */
  static async connect(port: number | readonly number[], session?: Session): Promise<PromisedClient> {
    const made = new PromisedClient(typeof port === "number" ? [port] : port, session);
    const connected = made.reached("connected");
    made.client.connect();
    await connected;
    return made;
  }

  /** Asks for a session that it does not get. */
  static async refused(port: number, session: Session): Promise<void> {
    const made = new PromisedClient([port], session);
    const expired = made.reached("expired");
    made.client.connect();
    await expired;
  }

  get session(): Session {
    return { sessionId: this.client.getSessionId(), sessionPassword: this.client.getSessionPassword() };
  }

  /** The next time that it is so. */
  async reached(state: "connected" | "disconnected" | "expired" | "authenticationFailed"): Promise<void> {
    await once(this.client, state, { signal: AbortSignal.timeout(10_000) });
  }

  async close(): Promise<void> {
    const ended = this.reached("disconnected");
    this.client.close();
    await ended;
  }

  create(path: string, data = "", mode = 0, acls?: ACL[]): Promise<string> {
    const { client } = this;
    if (acls === undefined) return promised((callback) => client.create(path, Buffer.from(data), mode, callback));
    return promised((callback) => client.create(path, Buffer.from(data), acls, mode, callback));
  }

  mkdirp(path: string): Promise<string> {
    return promised((callback) => this.client.mkdirp(path, callback));
  }

  remove(path: string, version = -1): Promise<void> {
    return promised((callback) => this.client.remove(path, version, (error) => callback(error, undefined)));
  }

  setData(path: string, data: string, version = -1): Promise<Stat> {
    return promised((callback) => this.client.setData(path, Buffer.from(data), version, callback));
  }

  async getData(path: string, watches = false): Promise<string> {
    const data = await promised<Buffer | undefined>((callback) => {
      if (watches) this.client.getData(path, this.#watcher("data"), callback);
      else this.client.getData(path, callback);
    });
    return data?.toString() ?? "";
  }

  stat(path: string, watches = false): Promise<Stat | null> {
    return promised((callback) => {
      if (watches) this.client.exists(path, this.#watcher("exists"), callback);
      else this.client.exists(path, callback);
    });
  }

  async children(path: string, watches = false): Promise<readonly string[]> {
    const children = await promised<string[]>((callback) => {
      if (watches) this.client.getChildren(path, this.#watcher("children"), callback);
      else this.client.getChildren(path, callback);
    });
    return children.toSorted();
  }

  acl(path: string): Promise<ACL[]> {
    return promised((callback) => this.client.getACL(path, callback));
  }

  setAcl(path: string, acls: ACL[], version = -1): Promise<Stat> {
    return promised((callback) => this.client.setACL(path, acls, version, callback));
  }

  /** What the watchers of reads with `watches` have heard since the last call: `<read> <event> <path>`. */
  takeEvents(): readonly string[] {
    return this.#events.splice(0);
  }

  get events(): readonly string[] {
    return this.#events;
  }

  #watcher(read: string): (event: Event) => void {
    return (event) => void this.#events.push(`${read} ${event.getName()} ${event.getPath()}`);
  }
}

type Callback<Value> = (error: Error | Exception | null, value: Value) => void;

export function promised<Value>(call: (callback: Callback<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error instanceof Error ? error : new Error(String(error)));
      else resolve(value);
    });
  });
}

/** The name of the error that a call ends with; `none` where it succeeds. */
export async function errorOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "none";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}
