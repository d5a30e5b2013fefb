import { expect, test } from "vitest";
import { AnswerRoom, FetchBytes } from "../../../gateway/kafka/answer-room.ts";

interface Found {
  readonly bytes: number;
}

const nothing = (): Found => ({ bytes: 0 });

test("partitions of an answer share its room, and what comes when it is full is left out", async () => {
  const room = new AnswerRoom(100, 2);
  const asked: number[] = [];
  const holding = (bytes: number) => async (bytesMax: number) => {
    asked.push(bytesMax);
    return Promise.resolve({ bytes });
  };
  const found = await Promise.all([60, 0, 30, 20].map((bytes) => room.fill(1_000, holding(bytes), nothing)));
  expect(found).toEqual([{ bytes: 60 }, { bytes: 0 }, { bytes: 30 }, { bytes: 0 }]);
  expect(asked).toEqual([50, 50, 1, 1]);
});

test("a first batch is answered even if it is larger than the room", async () => {
  const room = new AnswerRoom(10, 1);
  const read = () => Promise.resolve({ bytes: 500 });
  expect(await room.fill(10, read, nothing)).toEqual({ bytes: 500 });
  expect(await room.fill(10, read, nothing)).toEqual({ bytes: 0 });
});

test("a batch at a time is read while other answers hold what all may hold", async () => {
  const ofAll = new FetchBytes(100);
  const other = new AnswerRoom(1_000, 1, ofAll);
  await other.fill(1_000, () => Promise.resolve({ bytes: 100 }), nothing);
  const asked: number[] = [];
  const read = async (bytesMax: number) => {
    asked.push(bytesMax);
    return Promise.resolve({ bytes: 10 });
  };
  const room = new AnswerRoom(1_000, 1, ofAll);
  expect(await room.fill(80, read, nothing)).toEqual({ bytes: 10 });
  other.leave();
  await room.fill(80, read, nothing);
  expect(asked).toEqual([1, 80]);
  room.leave();
  expect(ofAll.left).toBe(100);
});
