/** Targets that break one promise, once: what stands between the workloads and a service that keeps all of them. */
import { TargetError } from "../../verify/target.ts";
import type {
  LogProducer,
  LogReader,
  LogTarget,
  PolledRecords,
  TreeSession,
  TreeTarget,
  VerifyTarget,
} from "../../verify/target.ts";

/** Calls of a kind before the one that goes wrong. */
const callsBefore = 10;
/** Under a lock: often enough that one comes before a holder has crashed, and everybody waits for its session to end. */
const callsPerLateWrite = 3;
/** What was acknowledged early enough that much stands behind it. */
const hiddenValue = 7;

/** No reader is ever given a record that was acknowledged. */
export function dropsRecord(target: VerifyTarget): VerifyTarget {
  return withPolls(target, (page) => {
    const at = page.values.indexOf(hiddenValue);
    return at < 0 ? page : { ...page, offsets: page.offsets.toSpliced(at, 1), values: page.values.toSpliced(at, 1) };
  });
}

/** A batch is written once more, behind what stands there. */
export function doublesRecords(target: VerifyTarget): VerifyTarget {
  let calls = 0;
  return withProducers(target, async (producer, partition, values) => {
    const offsets = await producer.send(partition, values);
    calls += 1;
    if (calls === callsBefore) await producer.send(partition, values);
    return offsets;
  });
}

/** One poll answers two records the wrong way round. */
export function reordersRecords(target: VerifyTarget): VerifyTarget {
  let isDone = false;
  return withPolls(target, (page) => {
    if (isDone || page.values.length < 2) return page;
    isDone = true;
    return { ...page, offsets: swapped(page.offsets), values: swapped(page.values) };
  });
}

/** One read answers what the first one of that znode did. */
export function readsStale(target: VerifyTarget): VerifyTarget {
  const first = new Map<string, Awaited<ReturnType<TreeSession["get"]>>>();
  let isDone = false;
  return withSessions(target, (session) => ({
    get: async (path) => {
      const answer = await session.get(path);
      const older = first.get(path);
      if (older === undefined) first.set(path, answer);
      if (isDone || older === undefined || answer.stat.version < older.stat.version + callsBefore) return answer;
      isDone = true;
      return older;
    },
  }));
}

/** Watchers are told late, so that they have read what changed before they hear of it. */
export function tellsLate(target: VerifyTarget, lateMs: number): VerifyTarget {
  return withSessions(target, (session) => ({
    watch: (path, listener, failed) =>
      session.watch(path, (event) => void setTimeout(() => listener(event), lateMs), failed),
  }));
}

/** Writes under a lock are not answered now and then, and done when others hold it, whatever its fence says. */
export function writesUnfenced(target: VerifyTarget, lateMs: number): VerifyTarget {
  let calls = 0;
  return withSessions(target, (session) => ({
    acquireLock: async (name, waitMs) => {
      const grant = await session.acquireLock(name, waitMs);
      if (grant === undefined) return undefined;
      return {
        fencingToken: grant.fencingToken,
        onLost: (listener) => grant.onLost(listener),
        guardedSet: async (path, data) => {
          calls += 1;
          if (calls % callsPerLateWrite !== 0) return await grant.guardedSet(path, data);
          setTimeout(() => void session.set(path, data).catch(() => undefined), lateMs);
          throw new TargetError("info", "other", "no answer");
        },
        release: () => grant.release(),
      };
    },
  }));
}

/** One znode is created twice, as by a repeat that is not recognised. */
export function createsTwice(target: VerifyTarget): VerifyTarget {
  let calls = 0;
  return withSessions(target, (session) => ({
    create: async (path, data, mode) => {
      calls += 1;
      if (calls === callsBefore) await session.create(path, data, mode);
      return await session.create(path, data, mode);
    },
  }));
}

/** One znode that was created is deleted again by nobody. */
export function losesZnode(target: VerifyTarget): VerifyTarget {
  let calls = 0;
  return withSessions(target, (session) => ({
    create: async (path, data, mode) => {
      const created = await session.create(path, data, mode);
      calls += 1;
      if (calls === callsBefore) await session.delete(created.path);
      return created;
    },
  }));
}

/** Every call to the log fails, surely without an effect. */
export function refusesAll(target: VerifyTarget, error: Error): VerifyTarget {
  const refuse = (): Promise<never> => Promise.reject(error);
  return withProducers(target, refuse);
}

function swapped<Item>(items: readonly Item[]): readonly Item[] {
  const [first, second, ...rest] = items;
  return first === undefined || second === undefined ? items : [second, first, ...rest];
}

function withPolls(target: VerifyTarget, changed: (page: PolledRecords) => PolledRecords): VerifyTarget {
  const reader = (inner: LogReader): LogReader => ({
    assign: (positions) => inner.assign(positions),
    position: (place) => inner.position(place),
    poll: async (waitMs) => (await inner.poll(waitMs)).map(changed),
    crash: () => inner.crash(),
    close: () => inner.close(),
  });
  return withLog(target, {
    openReader: async (options) => reader(await target.log.openReader(options)),
    openMember: async (options) => {
      const member = await target.log.openMember(options);
      return {
        poll: async (waitMs) => {
          const polled = await member.poll(waitMs);
          return { ...polled, records: polled.records.map(changed) };
        },
        commit: () => member.commit(),
        crash: () => member.crash(),
        close: () => member.close(),
      };
    },
  });
}

function withProducers(
  target: VerifyTarget,
  send: (producer: LogProducer, ...args: Parameters<LogProducer["send"]>) => ReturnType<LogProducer["send"]>,
): VerifyTarget {
  return withLog(target, {
    openProducer: async (options) => {
      const producer = await target.log.openProducer(options);
      return {
        send: (partition, values) => send(producer, partition, values),
        crash: () => producer.crash(),
        close: () => producer.close(),
      };
    },
  });
}

function withLog(target: VerifyTarget, changed: Partial<LogTarget>): VerifyTarget {
  const { log } = target;
  const plain: LogTarget = {
    createTopic: (...args) => log.createTopic(...args),
    endOffset: (...args) => log.endOffset(...args),
    openProducer: (options) => log.openProducer(options),
    openTransactionalProducer: (options) => log.openTransactionalProducer(options),
    openReader: (options) => log.openReader(options),
    openMember: (options) => log.openMember(options),
    committedOffset: (...args) => log.committedOffset(...args),
  };
  return { ...target, log: { ...plain, ...changed }, tree: target.tree };
}

function withSessions(
  target: VerifyTarget,
  changed: (session: TreeSession) => Partial<Pick<TreeSession, "get" | "watch" | "acquireLock" | "create">>,
): VerifyTarget {
  const tree: TreeTarget = {
    openSession: async (options) => {
      const session = await target.tree.openSession(options);
      const own = changed(session);
      return new Proxy(session, {
        get: (inner, name) => {
          const value: unknown = Reflect.get(own, name) ?? Reflect.get(inner, name, inner);
          return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(inner) : value;
        },
      });
    },
  };
  return { log: target.log, tree };
}
