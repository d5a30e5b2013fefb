/** The APIs by which clients say who they are, and by which users, access control lists and quotas are administered. */
import { type ApiEntry, entry } from "./handler.ts";
import { handleCreateAcls, handleDeleteAcls, handleDescribeAcls } from "./handlers/acls.ts";
import { handleAlterClientQuotas, handleDescribeClientQuotas } from "./handlers/client-quotas.ts";
import { handleSaslAuthenticate } from "./handlers/sasl-authenticate.ts";
import { handleSaslHandshake } from "./handlers/sasl-handshake.ts";
import {
  handleAlterUserScramCredentials,
  handleDescribeUserScramCredentials,
} from "./handlers/user-scram-credentials.ts";
import { createAcls, deleteAcls, describeAcls } from "./protocol/apis/acls.ts";
import { alterClientQuotas, describeClientQuotas } from "./protocol/apis/client-quotas.ts";
import { saslAuthenticate } from "./protocol/apis/sasl-authenticate.ts";
import { saslHandshake } from "./protocol/apis/sasl-handshake.ts";
import { alterUserScramCredentials, describeUserScramCredentials } from "./protocol/apis/user-scram-credentials.ts";

export const securityApis: readonly ApiEntry[] = [
  entry(saslHandshake, "turns", handleSaslHandshake),
  entry(saslAuthenticate, "turns", handleSaslAuthenticate),
  entry(describeAcls, "free", handleDescribeAcls),
  entry(createAcls, "turns", handleCreateAcls),
  entry(deleteAcls, "turns", handleDeleteAcls),
  entry(describeClientQuotas, "free", handleDescribeClientQuotas),
  entry(alterClientQuotas, "turns", handleAlterClientQuotas),
  entry(describeUserScramCredentials, "free", handleDescribeUserScramCredentials),
  entry(alterUserScramCredentials, "turns", handleAlterUserScramCredentials),
];
