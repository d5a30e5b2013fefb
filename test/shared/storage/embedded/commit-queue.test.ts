import type { RootDatabase } from "lmdb";
import { expect, test } from "vitest";
import {
  commitBytesMax,
  commitQueueBytesMax,
  commitQueueWritesMax,
  commitWritesMax,
} from "../../../../shared/limits.ts";
import { CommitPace } from "../../../../shared/storage/embedded/commit-pace.ts";
import { CommitQueue } from "../../../../shared/storage/embedded/commit-queue.ts";
import {
  StorageThrottledError,
  StorageTimeoutError,
  StorageUnavailableError,
} from "../../../../shared/storage/errors.ts";
import { testFolder } from "./data-folder.ts";

/** LMDB's part is only to call the transaction and to say when it is durable; a test decides both. */
class ScriptedRoot {
  readonly transactions: { readonly end: (failure?: Error) => void }[] = [];
  failsToBegin: Error | undefined;
  /** Commits on the caller's own thread, which fail if there is something to fail with. */
  commitsHere = 0;
  failsHere: Error | undefined;

  transactionSync(work: () => void): void {
    if (this.failsToBegin !== undefined) throw this.failsToBegin;
    work();
    this.commitsHere += 1;
    if (this.failsHere !== undefined) throw this.failsHere;
  }

  async transaction(work: () => void): Promise<void> {
    if (this.failsToBegin !== undefined) throw this.failsToBegin;
    await Promise.resolve();
    work();
    await new Promise<void>((resolve, reject) => {
      this.transactions.push({ end: (failure) => (failure === undefined ? resolve() : reject(failure)) });
    });
  }
}

async function open(pace?: CommitPace): Promise<{ root: ScriptedRoot; commits: CommitQueue }> {
  const root = new ScriptedRoot();
  const database = root as unknown as RootDatabase<Buffer, Uint8Array>;
  return { root, commits: new CommitQueue(database, await testFolder(), pace) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** As lmdb reports it: an error that carries the promise of its reason. */
function failedCommit(message: string, code: number): Error {
  const commitError = Promise.reject(Object.assign(new Error(message), { code }));
  commitError.catch(() => {});
  return Object.assign(new Error("Commit failed (see commitError for details)"), { commitError });
}

test("answers only once the commit is durable, and groups what comes meanwhile", async () => {
  const { root, commits } = await open();
  const answers: number[] = [];
  const run = (value: number): Promise<number> => commits.run(1, () => value).then((answer) => answers.push(answer));
  const running = [run(1)];
  await turn();
  running.push(run(2), run(3), run(4));
  await turn();
  expect(answers).toEqual([]);
  expect(root.transactions).toHaveLength(1);
  root.transactions[0]?.end();
  await turn();
  expect(answers).toEqual([1]);
  expect(root.transactions).toHaveLength(2);
  root.transactions[1]?.end();
  await Promise.all(running);
  expect(answers).toEqual([1, 2, 3, 4]);
});

test("commits here what is ready by the end of the turn, and elsewhere while that would take long", async () => {
  let nowMs = 0;
  const { root, commits } = await open(new CommitPace(() => nowMs));
  const running = [commits.run(1, () => 1), commits.run(1, () => 2)];
  await Promise.resolve().then(() => running.push(commits.run(1, () => 3)));
  expect(await Promise.all(running)).toEqual([1, 2, 3]);
  expect(root.commitsHere).toBe(1);
  // A slow one.
  expect(await commits.run(1, () => (nowMs += 100))).toBe(100);
  const elsewhere = commits.run(1, () => 4);
  await turn();
  expect([root.commitsHere, root.transactions.length]).toEqual([2, 1]);
  root.transactions[0]?.end();
  expect(await elsewhere).toBe(4);
});

test("reports a commit here that failed as one elsewhere", async () => {
  const { root, commits } = await open(new CommitPace(() => 0));
  for (const [code, error] of [
    [5, StorageTimeoutError],
    [28, StorageUnavailableError],
  ] as const) {
    root.failsHere = Object.assign(new Error("no"), { code });
    await expect(commits.run(1, () => 1)).rejects.toBeInstanceOf(error);
  }
  root.failsHere = undefined;
  root.failsToBegin = new Error("the environment is gone");
  await expect(commits.run(1, () => 1)).rejects.toBeInstanceOf(StorageTimeoutError);
  root.failsToBegin = undefined;
  expect(await commits.run(1, () => 2)).toBe(2);
});

test("bounds the writes and the bytes of one commit", async () => {
  const { root, commits } = await open();
  for (const [bytes, count, sizes] of [
    [1, commitWritesMax * 2 + 1, [commitWritesMax, commitWritesMax, 1]],
    [commitBytesMax / 2, 5, [2, 2, 1]],
    [commitBytesMax + 1, 2, [1, 1]],
  ] as const) {
    let decided = 0;
    const running = Array.from({ length: count }, () => commits.run(bytes, () => (decided += 1)));
    for (const size of sizes) {
      await turn();
      expect(decided).toBe(size);
      decided = 0;
      root.transactions.at(-1)?.end();
    }
    await Promise.all(running);
  }
});

test("rejects only the one whose decision fails", async () => {
  const { root, commits } = await open();
  const failing = (): number => {
    throw new RangeError("no");
  };
  const running = [commits.run(1, () => 1), commits.run(1, failing), commits.run(1, () => 3)];
  await turn();
  root.transactions[0]?.end();
  const results = await Promise.allSettled(running);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("reports a commit that failed as unknown, unless the disk is full", async () => {
  const { root, commits } = await open();
  for (const [code, error] of [
    [5, StorageTimeoutError],
    [28, StorageUnavailableError],
    [122, StorageUnavailableError],
    [-30792, StorageUnavailableError],
  ] as const) {
    void turn().then(() => root.transactions.at(-1)?.end(failedCommit("no", code)));
    await expect(commits.run(1, () => 1)).rejects.toBeInstanceOf(error);
  }
  const running = commits.run(1, () => 1);
  await turn();
  root.transactions.at(-1)?.end();
  expect(await running).toBe(1);
});

test("does not try for ever to begin a transaction that cannot begin", async () => {
  const { root, commits } = await open();
  root.failsToBegin = new Error("the environment is gone");
  const running = Array.from({ length: 3 }, () => commits.run(1, () => 1));
  for (const result of await Promise.allSettled(running)) expect(result.status).toBe("rejected");
});

test("asks callers to slow down when too much waits", async () => {
  const { root, commits } = await open();
  const first = commits.run(commitQueueBytesMax, () => 1);
  await expect(commits.run(1, () => 2)).rejects.toBeInstanceOf(StorageThrottledError);
  await turn();
  const waiting = Array.from({ length: commitQueueWritesMax }, () => commits.run(0, () => 3));
  await expect(commits.run(0, () => 4)).rejects.toBeInstanceOf(StorageThrottledError);
  for (let commit = 0; commit <= commitQueueWritesMax / commitWritesMax; commit++) {
    root.transactions.at(-1)?.end();
    await turn();
  }
  await Promise.all([first, ...waiting]);
});

test("closes when all is answered, and takes no more", async () => {
  const { root, commits } = await open();
  const running = commits.run(1, () => 1);
  const closing = commits.close();
  await expect(commits.run(1, () => 2)).rejects.toBeInstanceOf(StorageUnavailableError);
  await turn();
  root.transactions[0]?.end();
  await closing;
  expect(await running).toBe(1);
});
