/** kazoo, the client for Python with the most recipes. */
import { join } from "node:path";
import { currentPython, programIn } from "../kafka/python/python-program.ts";
import { describeClient } from "./client-suite.ts";
import { kazooFacts } from "./kazoo-facts.ts";

const folder = join(import.meta.dirname, "python");

const { znodes, acls, locks, reconnection, expiry } = kazooFacts;

describeClient({
  name: "kazoo 2.11.0",
  install: () => programIn(folder, "with_kazoo", currentPython(), join(folder, "requirements-kazoo.txt")),
  scenarios: kazooFacts,
  // Not the restart: over TLS kazoo does not come back to a port that nobody listened on for a while, whose server it is.
  overTls: { znodes, acls, locks, reconnection, "session loss": kazooFacts["session loss"], expiry },
});
