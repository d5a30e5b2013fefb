/** A connection that is no socket: what it is given and what it answers pass at once, so that virtual time is all the time. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";

export class FuzzSocket extends EventEmitter {
  readonly remoteAddress = "127.0.0.1";
  readonly written: Uint8Array[] = [];
  destroyed = false;
  /** Whether the gateway has ended or closed it. */
  isOver = false;
  #isPaused = false;
  #pending: (() => void)[] = [];
  #onChange: (() => void) | undefined;

  /** As what the gateway takes it for. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  /** From the client. */
  send(chunk: Uint8Array): void {
    this.#give(() => this.emit("data", chunk));
  }

  /** The client sends nothing more. */
  sendEnd(): void {
    this.#give(() => this.emit("end"));
  }

  /** Resolves when `isSo`; looked at whenever something has changed. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onChange = resolve;
      await promise;
    }
  }

  #give(deliver: () => void): void {
    this.#pending.push(deliver);
    this.#flow();
  }

  #flow(): void {
    while (!this.#isPaused && !this.destroyed) {
      const deliver = this.#pending.shift();
      if (deliver === undefined) return;
      deliver();
    }
  }

  write(piece: Uint8Array): boolean {
    if (!this.destroyed) this.written.push(piece);
    this.#onChange?.();
    return true;
  }

  end(): void {
    this.isOver = true;
    this.#onChange?.();
  }

  destroySoon(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.isOver = true;
    this.#onChange?.();
    queueMicrotask(() => this.emit("close"));
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    queueMicrotask(() => this.#flow());
  }

  isPaused(): boolean {
    return this.#isPaused;
  }

  setNoDelay(): void {}
  setKeepAlive(): void {}
  setTimeout(): void {}
  cork(): void {}
  uncork(): void {}
}
