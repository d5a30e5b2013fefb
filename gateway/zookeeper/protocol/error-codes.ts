import { treeErrorCodes } from "../../../shared/tree/tree-request.ts";

/** ZooKeeper's error codes (`KeeperException.Code`): those of the tree, and those of a connection. */
export const errorCodes = {
  ...treeErrorCodes,
  MARSHALLING_ERROR: -5,
  UNIMPLEMENTED: -6,
  AUTH_FAILED: -115,
  NO_WATCHER: -121,
  RECONFIG_DISABLED: -123,
} as const;

export type ZooKeeperError = keyof typeof errorCodes;
