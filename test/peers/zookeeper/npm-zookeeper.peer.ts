/** The npm package zookeeper: the C client inside Node's event loop. */
import { describeClient } from "./client-suite.ts";
import { npmFacts } from "./npm-facts.ts";
import { npmProgram } from "./npm/npm-program.ts";

describeClient({ name: "zookeeper 7.3.0 of npm", install: npmProgram, scenarios: npmFacts });
