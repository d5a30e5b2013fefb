/** The part of a WebSocket that push needs, so that tests can stand in for it. */
export interface PushSocket {
  send(text: string): void;
  close(): void;
}

export interface PushSocketEvents {
  opened(): void;
  received(text: string): void;
  /** Told once, also where it could not be opened. */
  closed(): void;
}

export type OpenPushSocket = (url: string, events: PushSocketEvents) => PushSocket;

/** The platform's own WebSocket: Node 22 and later have it. Undefined where there is none. */
export function platformSocket(): OpenPushSocket | undefined {
  const { WebSocket: Socket } = globalThis as { readonly WebSocket?: typeof WebSocket };
  if (Socket === undefined) return undefined;
  return (url, events) => {
    const socket = new Socket(url);
    socket.addEventListener("open", () => events.opened());
    socket.addEventListener("message", (event: { readonly data: unknown }) => {
      const { data } = event;
      if (typeof data === "string") events.received(data);
    });
    // What failed is followed by a close.
    socket.addEventListener("close", () => events.closed(), { once: true });
    return { send: (text) => socket.send(text), close: () => socket.close() };
  };
}
