/** Options of commands that open a store themselves. */
import { Option } from "commander";
import type { Command } from "commander";
import { CommandError } from "./command-error.ts";
import type { StoreKind } from "./open-storage.ts";

export interface StoreOptions {
  readonly data: string;
  readonly store: StoreKind;
}

interface StoreChoice {
  readonly help: string;
  readonly kinds: readonly StoreKind[];
  readonly kind: StoreKind;
}

/** With `--store` and `--data`; a folder that the store would not look at is refused. */
export function withStore(command: Command, { help, kinds, kind }: StoreChoice): Command {
  return command
    .addOption(new Option("--store <kind>", help).choices(kinds).default(kind))
    .option("--data <folder>", "where the embedded store keeps its data", ".streamkeeper")
    .hook("preAction", () => {
      const { store } = command.opts<StoreOptions>();
      if (store === "embedded" || command.getOptionValueSource("data") === "default") return;
      throw new CommandError(
        `--data has no effect with --store ${store}: only --store embedded keeps its data in a folder`,
      );
    });
}
