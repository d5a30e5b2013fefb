/** Consumers of a group's double, which are closed when a test is over. */
import { Consumer } from "../../../client/index.ts";
import type { ConsumerOptions } from "../../../client/index.ts";
import type { GroupDouble } from "./group-double.ts";

export const orders = (partition: number) => ({ topic: "orders", partition });
export const textOf = (bytes: Uint8Array | null) => Buffer.from(bytes ?? []).toString();

export class ConsumerBed {
  readonly #opened: { readonly double: GroupDouble; readonly consumer: Consumer }[] = [];

  readonly consumer = (double: GroupDouble, options: Partial<ConsumerOptions> = {}, name = "one"): Consumer => {
    const { time } = double;
    const base = { group: "g", topics: ["orders"], from: "earliest" as const, time, random: () => 0.5 };
    const consumer = new Consumer(double.client(name), { ...base, ...options });
    this.#opened.push({ double, consumer });
    return consumer;
  };

  async close(): Promise<void> {
    for (const { double, consumer } of this.#opened.splice(0)) {
      double.fate = () => undefined;
      await settle(double, consumer.close());
    }
  }
}

/** Waits in manual time, at most a minute of it. */
export async function settle<Result>(double: GroupDouble, promise: Promise<Result>): Promise<Result> {
  const state = { isDone: false };
  const noted = promise.finally(() => (state.isDone = true));
  noted.catch(() => undefined);
  for (let passed = 0; passed < 600 && !state.isDone; passed += 1) await double.time.pass(100);
  if (!state.isDone) throw new Error("it takes longer than a minute");
  return await noted;
}
