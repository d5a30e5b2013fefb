/** What is checked: a history of each kind, and its checker. */
import type { Anomaly } from "../../verify/check/anomaly.ts";
import { checkEphemerals } from "../../verify/check/check-ephemerals.ts";
import { checkLocks } from "../../verify/check/check-locks.ts";
import { checkLog } from "../../verify/check/check-log.ts";
import { checkMultis } from "../../verify/check/check-multis.ts";
import { checkRegisters } from "../../verify/check/check-registers.ts";
import { checkSequentials } from "../../verify/check/check-sequentials.ts";
import { checkSets } from "../../verify/check/check-sets.ts";
import { checkWatches } from "../../verify/check/check-watches.ts";
import {
  ephemeralHistory,
  ephemeralTimes,
  lockHistory,
  sequentialHistory,
  watchHistory,
} from "./coordination-histories.ts";
import { logHistory } from "./log-histories.ts";
import type { SerialOptions } from "./serial-calls.ts";
import { multiHistory, registerHistory, setHistory } from "./znode-histories.ts";

/** Answers what is left to do once the history is there. */
type Prepare = (options: SerialOptions) => () => readonly Anomaly[];

/** Operations on one znode, at most about: an order that has to be searched for is searched for among these. */
const operationsPerZnode = 1_000;

export const checkerKinds: Readonly<Record<string, Prepare>> = {
  log: (options) => {
    const history = logHistory({ ...options, transactions: 0 });
    return () => checkLog(history).anomalies;
  },
  transactions: (options) => {
    const history = logHistory({ ...options, transactions: 0.5 });
    return () => checkLog(history).anomalies;
  },
  registers: (options) => {
    const operations = registerHistory({ ...options, znodes: 10 });
    return () => checkRegisters({ operations });
  },
  "registers-searched": (options) => {
    const znodes = Math.ceil(options.operations / operationsPerZnode);
    const operations = registerHistory({ ...options, unsure: options.unsure / 10, znodes, hidesVersions: true });
    return () => checkRegisters({ operations });
  },
  sets: (options) => {
    const operations = setHistory(options);
    return () => checkSets(operations);
  },
  multis: (options) => {
    const operations = multiHistory(options);
    return () => checkMultis(operations);
  },
  watches: (options) => {
    const history = watchHistory(options);
    return () => checkWatches(history);
  },
  sequentials: (options) => {
    const creates = sequentialHistory(options);
    return () => checkSequentials(creates);
  },
  ephemerals: (options) => {
    const history = ephemeralHistory(options);
    return () => checkEphemerals(history, ephemeralTimes);
  },
  locks: (options) => {
    const history = lockHistory(options);
    return () => checkLocks(history);
  },
};
