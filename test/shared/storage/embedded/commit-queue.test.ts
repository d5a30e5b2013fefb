import { expect, test } from "vitest";
import {
  commitBytesMax,
  commitQueueBytesMax,
  commitQueueWritesMax,
  commitWritesMax,
} from "../../../../shared/limits.ts";
import { CommitPace } from "../../../../shared/storage/embedded/commit-pace.ts";
import { CommitQueue, type CommitTarget } from "../../../../shared/storage/embedded/commit-queue.ts";
import { StorageThrottledError, StorageUnavailableError } from "../../../../shared/storage/errors.ts";

/** The store's part is only to run the decisions and to say when they are durable; a test decides both. */
class ScriptedTarget implements CommitTarget {
  readonly commits: { readonly end: (failure?: Error) => void }[] = [];
  /** Commits on the caller's own thread, which fail if there is something to fail with. */
  commitsHere = 0;
  takesHere = true;
  failsHere: Error | undefined;
  onCommitHere: () => void = () => {};

  decide(decisions: () => void): void {
    decisions();
  }

  commitHere(): boolean {
    if (!this.takesHere) return false;
    this.commitsHere += 1;
    this.onCommitHere();
    if (this.failsHere !== undefined) throw this.failsHere;
    return true;
  }

  async commit(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.commits.push({ end: (failure) => (failure === undefined ? resolve() : reject(failure)) });
    });
  }
}

function open(pace?: CommitPace): { target: ScriptedTarget; commits: CommitQueue } {
  const target = new ScriptedTarget();
  return { target, commits: new CommitQueue(target, pace) };
}

/** A turn of the event loop, at whose end the queue takes what waits, and one more. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

test("answers only once the commit is durable, and groups what comes meanwhile", async () => {
  const { target, commits } = open();
  const answers: number[] = [];
  const run = (value: number): Promise<number> => commits.run(1, () => value).then((answer) => answers.push(answer));
  const running = [run(1)];
  await turn();
  running.push(run(2), run(3), run(4));
  await turn();
  expect(answers).toEqual([]);
  expect(target.commits).toHaveLength(1);
  target.commits[0]?.end();
  await turn();
  expect(answers).toEqual([1]);
  expect(target.commits).toHaveLength(2);
  target.commits[1]?.end();
  await Promise.all(running);
  expect(answers).toEqual([1, 2, 3, 4]);
});

test("commits here what is ready by the end of the turn, and elsewhere while that would take long", async () => {
  let nowMs = 0;
  const { target, commits } = open(new CommitPace(() => nowMs));
  const running = [commits.run(1, () => 1), commits.run(1, () => 2)];
  await Promise.resolve().then(() => running.push(commits.run(1, () => 3)));
  expect(await Promise.all(running)).toEqual([1, 2, 3]);
  expect(target.commitsHere).toBe(1);
  target.onCommitHere = () => (nowMs += 100);
  expect(await commits.run(1, () => "slow")).toBe("slow");
  const elsewhere = commits.run(1, () => 4);
  await turn();
  expect([target.commitsHere, target.commits.length]).toEqual([2, 1]);
  target.commits[0]?.end();
  expect(await elsewhere).toBe(4);
});

test("goes elsewhere with what cannot be committed here", async () => {
  const { target, commits } = open(new CommitPace(() => 0));
  target.takesHere = false;
  const running = commits.run(1, () => 1);
  await turn();
  expect([target.commitsHere, target.commits.length]).toEqual([0, 1]);
  target.commits[0]?.end();
  expect(await running).toBe(1);
});

test("tells all of a commit here that it failed, and goes on", async () => {
  const { target, commits } = open(new CommitPace(() => 0));
  const failure = new StorageUnavailableError("no");
  target.failsHere = failure;
  for (const result of await Promise.allSettled([commits.run(1, () => 1), commits.run(1, () => 2)]))
    expect(result).toEqual({ status: "rejected", reason: failure });
  target.failsHere = undefined;
  expect(await commits.run(1, () => 3)).toBe(3);
});

test("bounds the writes and the bytes of one commit", async () => {
  const { target, commits } = open();
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
      target.commits.at(-1)?.end();
    }
    await Promise.all(running);
  }
});

test("rejects only the one whose decision fails", async () => {
  const { target, commits } = open();
  const failing = (): number => {
    throw new RangeError("no");
  };
  const running = [commits.run(1, () => 1), commits.run(1, failing), commits.run(1, () => 3)];
  await turn();
  target.commits[0]?.end();
  const results = await Promise.allSettled(running);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("tells all of a commit elsewhere that it failed, and goes on", async () => {
  const { target, commits } = open();
  const failure = new StorageUnavailableError("no");
  const failing = [commits.run(1, () => 1), commits.run(1, () => 2)];
  await turn();
  target.commits.at(-1)?.end(failure);
  for (const result of await Promise.allSettled(failing))
    expect(result).toEqual({ status: "rejected", reason: failure });
  const running = commits.run(1, () => 3);
  await turn();
  target.commits.at(-1)?.end();
  expect(await running).toBe(3);
});

test("asks callers to slow down when too much waits", async () => {
  const { target, commits } = open();
  const first = commits.run(commitQueueBytesMax, () => 1);
  await expect(commits.run(1, () => 2)).rejects.toBeInstanceOf(StorageThrottledError);
  await turn();
  const waiting = Array.from({ length: commitQueueWritesMax }, () => commits.run(0, () => 3));
  await expect(commits.run(0, () => 4)).rejects.toBeInstanceOf(StorageThrottledError);
  for (let commit = 0; commit <= commitQueueWritesMax / commitWritesMax; commit++) {
    target.commits.at(-1)?.end();
    await turn();
  }
  await Promise.all([first, ...waiting]);
});

test("closes when all is answered, and takes no more", async () => {
  const { target, commits } = open();
  const running = commits.run(1, () => 1);
  const closing = commits.close();
  await expect(commits.run(1, () => 2)).rejects.toBeInstanceOf(StorageUnavailableError);
  await turn();
  target.commits[0]?.end();
  await closing;
  expect(await running).toBe(1);
});
