/** The real services over storage in memory, with a look at what is called and a way to make a call fail. */
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../shared/storage/storage.ts";

/** For example `fetch.listOffset`. */
export type CallName = {
  [Service in keyof Services]: `${Service}.${Extract<keyof Services[Service], string>}`;
}[keyof Services];

type Work = (...args: readonly never[]) => Promise<unknown>;

export interface ObservedServices {
  readonly services: Services;
  /** Every call since the last `clear`, in their order. */
  readonly calls: { readonly name: CallName; readonly args: readonly unknown[] }[];
  /** Puts `work` in the place of a method, from now on. */
  replace(name: CallName, work: Work): void;
  /** Lets the next call of a method fail. */
  failNext(name: CallName, error: Error): void;
}

export function observedServices(storage: Storage = createMemoryStorage().storage): ObservedServices {
  const real = createServices(storage);
  const calls: ObservedServices["calls"] = [];
  const replaced = new Map<CallName, Work>();
  const failing = new Map<CallName, Error>();

  const observe = <Service extends object>(serviceName: string, service: Service): Service =>
    new Proxy(service, {
      get: (target, property) => {
        const name = `${serviceName}.${String(property)}` as CallName;
        return async (...args: readonly never[]): Promise<unknown> => {
          calls.push({ name, args });
          const error = failing.get(name);
          failing.delete(name);
          if (error !== undefined) throw error;
          const method = replaced.get(name) ?? (Reflect.get(target, property) as Work).bind(target);
          return method(...args);
        };
      },
    });
  const services = Object.fromEntries(
    Object.entries(real).map(([name, service]: [string, object]) => [name, observe(name, service)]),
  ) as unknown as Services;
  return {
    services,
    calls,
    replace: (name, work) => void replaced.set(name, work),
    failNext: (name, error) => void failing.set(name, error),
  };
}
