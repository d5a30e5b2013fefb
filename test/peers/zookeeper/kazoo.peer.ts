/** kazoo, the client for Python with the most recipes. */
import { join } from "node:path";
import { currentPython, programIn } from "../kafka/python/python-program.ts";
import { describeClient } from "./client-suite.ts";
import { kazooFacts } from "./kazoo-facts.ts";

const folder = join(import.meta.dirname, "python");

describeClient({
  name: "kazoo 2.11.0",
  install: () => programIn(folder, "with_kazoo", currentPython(), join(folder, "requirements-kazoo.txt")),
  scenarios: kazooFacts,
});
