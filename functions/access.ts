import type { AccessSettings } from "./http/caller.ts";

/** What the environment says of access; empty counts as not set. */
export function accessFromEnvironment(): AccessSettings {
  const superDigest = process.env["STREAMKEEPER_SUPER_DIGEST"] ?? "";
  const pushUrl = process.env["STREAMKEEPER_PUSH_URL"] ?? "";
  return { ...(superDigest === "" ? {} : { superDigest }), ...(pushUrl === "" ? {} : { pushUrl }) };
}
