import { expect, test } from "vitest";
import { topicConfigEntries } from "../../../gateway/kafka/config-entries.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";

const name = "streamkeeper.inline.max.bytes";

test("tells the default of the store that the topic is in", () => {
  const { storage } = createMemoryStorage();
  const entryOn = (store: typeof storage, set?: string) =>
    topicConfigEntries(set === undefined ? {} : { [name]: set }, createServices(store).topics.configDefaults).find(
      (entry) => entry.name === name,
    );
  expect(entryOn(storage)).toMatchObject({ value: "16384", configSource: 5 });
  const large = { ...storage, inlinePayloadBytes: 350_000 };
  expect(entryOn(large)).toMatchObject({ value: "350000", configSource: 5 });
  expect(entryOn(large, "7")).toMatchObject({
    value: "7",
    configSource: 1,
    synonyms: [
      { value: "7", source: 1 },
      { value: "350000", source: 5 },
    ],
  });
});
