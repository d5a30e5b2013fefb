/** ZooKeeper's own client for C, as most clients in other languages than Java are made of. */
import { cProgram } from "./c/c-program.ts";
import { cFacts } from "./c-facts.ts";
import { describeClient } from "./client-suite.ts";

describeClient({ name: "the C client", install: cProgram, scenarios: cFacts });
