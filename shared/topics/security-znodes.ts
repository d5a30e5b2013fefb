/** Where users, access control lists and quotas of Kafka's protocol stand, in the layout that Kafka used on ZooKeeper. */

export const usersPath = "/config/users";
export const clientsPath = "/config/clients";
/** What gateways share so that a name that nobody has cannot be told from a user's. */
export const scramSecretPath = "/config/streamkeeper/scram-secret";
export const literalAclsPath = "/kafka-acl";
export const extendedAclsPath = "/kafka-acl-extended";
export const prefixedAclsPath = `${extendedAclsPath}/prefixed`;

/** What lists can be of, as the znodes above them are called. */
export const aclResourceTypes = ["Topic", "Group", "Cluster", "TransactionalId", "DelegationToken", "User"] as const;

/** What stands above users, lists and quotas, and is left when they are gone; parents first. */
export const securityParents: readonly string[] = [
  usersPath,
  clientsPath,
  "/config/streamkeeper",
  scramSecretPath,
  literalAclsPath,
  ...aclResourceTypes.map((type) => `${literalAclsPath}/${type}`),
  extendedAclsPath,
  prefixedAclsPath,
  ...aclResourceTypes.map((type) => `${prefixedAclsPath}/${type}`),
];
