/** What the clients of a simulated partition did and were told, and the check of it against the log that stands at the end. */

/** One attempt of a client to append, from its call to what it was told last. */
export interface SendOperation {
  /** Unique in the history; record i of the batch holds `${value}/${i}`. */
  readonly value: string;
  readonly recordCount: number;
  readonly invokedMs: number;
  completedMs: number;
  /** `info`: nobody knows whether it happened. */
  outcome: "ok" | "fail" | "info";
  /** Base offset that was acknowledged. */
  offset: number;
  readonly expectedOffset?: number;
  readonly fencingToken?: number;
}

/** What one read returned. */
export interface PollOperation {
  readonly reader: string;
  readonly offset: number;
  readonly records: readonly (readonly [offset: number, value: string])[];
  readonly nextOffset: number;
}

export interface History {
  readonly sends: SendOperation[];
  readonly polls: PollOperation[];
}

/** The anomalies of a history, in words; none if the log kept its promises. `log` is all that can be read at the end. */
export function anomaliesOf(history: History, log: readonly (readonly [offset: number, value: string])[]): string[] {
  return [
    ...brokenChain(log),
    ...wrongSends(history.sends, log),
    ...wrongOrder(history.sends),
    ...wrongFences(history.sends, log),
    ...wrongPolls(history.polls, log),
  ];
}

function brokenChain(log: readonly (readonly [number, string])[]): string[] {
  return log.flatMap(([offset, value], index) =>
    offset === index ? [] : [`hole: ${value} at ${offset}, not ${index}`],
  );
}

function wrongSends(sends: readonly SendOperation[], log: readonly (readonly [number, string])[]): string[] {
  const found = new Map<string, number[]>();
  for (const [offset, value] of log) found.set(value, [...(found.get(value) ?? []), offset]);
  const anomalies: string[] = [];
  const sent = new Set<string>();
  for (const send of sends) {
    const at = Array.from({ length: send.recordCount }, (_, index) => {
      sent.add(`${send.value}/${index}`);
      return found.get(`${send.value}/${index}`) ?? [];
    });
    if (at.some((offsets) => offsets.length > 1)) anomalies.push(`duplicate: ${send.value} at ${at.join(" and ")}`);
    const present = at.filter((offsets) => offsets.length > 0).length;
    if (present > 0 && present < send.recordCount) anomalies.push(`half done: ${send.value} at ${at.join(",")}`);
    const [first] = at[0] ?? [];
    if (send.outcome === "ok" && first === undefined)
      anomalies.push(`lost write: ${send.value}, acknowledged at ${send.offset}`);
    if (send.outcome === "ok" && first !== undefined && first !== send.offset) {
      anomalies.push(`wrong offset: ${send.value} at ${first}, acknowledged at ${send.offset}`);
    }
    if (send.outcome === "fail" && first !== undefined)
      anomalies.push(`failed write is there: ${send.value} at ${first}`);
    if (send.outcome === "ok" && send.expectedOffset !== undefined && send.offset !== send.expectedOffset) {
      anomalies.push(`expectedOffset ${send.expectedOffset} ignored: ${send.value} at ${send.offset}`);
    }
  }
  for (const value of found.keys()) if (!sent.has(value)) anomalies.push(`value that nobody sent: ${value}`);
  return anomalies;
}

/** What was acknowledged before another was sent stands before it. */
function wrongOrder(sends: readonly SendOperation[]): string[] {
  const done = sends.filter(({ outcome }) => outcome === "ok").toSorted((a, b) => a.completedMs - b.completedMs);
  const invoked = sends.filter(({ outcome }) => outcome === "ok").toSorted((a, b) => a.invokedMs - b.invokedMs);
  const anomalies: string[] = [];
  let next = 0;
  let highest: SendOperation | undefined;
  for (const send of invoked) {
    for (; (done[next]?.completedMs ?? Infinity) < send.invokedMs; next += 1) {
      const one = done[next];
      if (one !== undefined && one.offset > (highest?.offset ?? -1)) highest = one;
    }
    if (highest !== undefined && send.offset <= highest.offset) {
      anomalies.push(
        `order: ${send.value} at ${send.offset}, sent after ${highest.value} at ${highest.offset} was acknowledged`,
      );
    }
  }
  return anomalies;
}

/** Fencing tokens never go down along the log. */
function wrongFences(sends: readonly SendOperation[], log: readonly (readonly [number, string])[]): string[] {
  const tokens = new Map(sends.map((send) => [`${send.value}/0`, send.fencingToken]));
  const anomalies: string[] = [];
  let fence = -1;
  for (const [offset, value] of log) {
    const token = tokens.get(value);
    if (token === undefined) continue;
    if (token < fence) anomalies.push(`fence ${fence} ignored: ${value} with ${token} at ${offset}`);
    fence = Math.max(fence, token);
  }
  return anomalies;
}

/** What was read once stands there for ever, and a reader never skips or goes back. */
function wrongPolls(polls: readonly PollOperation[], log: readonly (readonly [number, string])[]): string[] {
  const anomalies: string[] = [];
  for (const poll of polls) {
    let expected = poll.offset;
    for (const [offset, value] of poll.records) {
      if (offset !== expected) anomalies.push(`poll skip: ${poll.reader} got ${offset}, not ${expected}`);
      if (log[offset]?.[1] !== value)
        anomalies.push(`changed: ${poll.reader} saw ${value} at ${offset}, now ${log[offset]?.[1]}`);
      expected = offset + 1;
    }
    if (poll.nextOffset !== expected)
      anomalies.push(`poll skip: ${poll.reader} goes on at ${poll.nextOffset}, not ${expected}`);
  }
  return anomalies;
}
