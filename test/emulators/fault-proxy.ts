/** A proxy that loses answers: what is behind it has applied the request, and its caller cannot know. */
import { once } from "node:events";
import { type Socket, createConnection, createServer } from "node:net";

/**
 * `pass` hands everything on. `swallow` hands requests on and keeps the answers, so that the caller's time runs out.
 * `reset` hands requests on and breaks the connection when the answer comes. `reset-once` does that for one answer.
 */
export type ProxyMode = "pass" | "swallow" | "reset" | "reset-once";

export interface FaultProxy {
  readonly endpoint: string;
  mode: ProxyMode;
  /** Answers that were kept from the caller. */
  readonly lostAnswers: number;
  stop(): Promise<void>;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const state = { mode: "pass" as ProxyMode, lostAnswers: 0 };
  const server = createServer((caller) => {
    const behind = createConnection(Number(port), hostname);
    for (const socket of [caller, behind]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      // Broken connections are what this is for.
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    caller.on("close", () => behind.destroy());
    behind.on("close", () => caller.destroy());
    caller.on("data", (bytes) => behind.write(bytes));
    behind.on("data", (bytes) => {
      if (state.mode === "pass") {
        caller.write(bytes);
        return;
      }
      state.lostAnswers += 1;
      if (state.mode === "swallow") return;
      if (state.mode === "reset-once") state.mode = "pass";
      caller.resetAndDestroy();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    get mode() {
      return state.mode;
    },
    set mode(mode) {
      state.mode = mode;
    },
    get lostAnswers() {
      return state.lostAnswers;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
