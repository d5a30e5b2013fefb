import { expect, test } from "vitest";
import { codeOf, commitFailure, diskFailure } from "../../../../shared/storage/embedded/disk-errors.ts";
import {
  StorageCorruptError,
  StorageTimeoutError,
  StorageUnavailableError,
} from "../../../../shared/storage/errors.ts";
import { testFolder } from "./data-folder.ts";

function failure(code: unknown): Error {
  return Object.assign(new Error("no"), { code });
}

test("takes a commit that was cut short for a full disk when there is no room for it", async () => {
  const folder = await testFolder();
  const cut = failure(5);
  expect(await commitFailure(folder, 1, cut)).toBeInstanceOf(StorageTimeoutError);
  const full = await commitFailure(folder, Number.MAX_SAFE_INTEGER, cut);
  expect(full).toBeInstanceOf(StorageUnavailableError);
  expect(full.message).toContain(folder);
  expect(full.cause).toBe(cut);
});

test("does not claim to know why a commit failed when the free space is not known either", async () => {
  expect(await commitFailure("/no/such/folder", Number.MAX_SAFE_INTEGER, failure(5))).toBeInstanceOf(
    StorageTimeoutError,
  );
});

test.each(["ENOSPC", "EDQUOT", "EIO", "EMFILE", 28, undefined])("calls the disk unavailable for %s", (code) => {
  expect(diskFailure("reading", failure(code))).toBeInstanceOf(StorageUnavailableError);
});

test.each([-30796, -30797, -30793])("calls the file damaged for LMDB's %i", (code) => {
  expect(diskFailure("reading", failure(code))).toBeInstanceOf(StorageCorruptError);
});

test("finds no code in what is no error", () => {
  expect(codeOf("text")).toBeUndefined();
  expect(codeOf(new Error("no code"))).toBeUndefined();
});
