import type { Storage } from "../../../shared/storage/storage.ts";

/** A request of a process, wake-ups included: the how manieth it is, from 0, and what would send it. */
export interface Step {
  readonly index: number;
  /** For example `items.update`. */
  readonly name: string;
  readonly send: () => Promise<unknown>;
}

/** Storage each of whose requests goes through `interrupt`, which answers it. */
export function interruptRequests(storage: Storage, interrupt: (step: Step) => Promise<unknown>): Storage {
  let index = 0;
  const interrupted = <Port extends object>(portName: string, port: Port): Port =>
    new Proxy(port, {
      get: (target, property) => {
        const method: unknown = Reflect.get(target, property);
        if (typeof method !== "function") return method;
        return (...args: readonly unknown[]): Promise<unknown> => {
          const send = (): Promise<unknown> => Reflect.apply(method, target, args) as Promise<unknown>;
          const step = { index, name: `${portName}.${String(property)}`, send };
          index += 1;
          return interrupt(step);
        };
      },
    });
  return {
    ...storage,
    logs: interrupted("logs", storage.logs),
    items: interrupted("items", storage.items),
    blobs: interrupted("blobs", storage.blobs),
    wakeUps: interrupted("wakeUps", storage.wakeUps),
  };
}
