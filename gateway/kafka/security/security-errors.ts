/** Kafka's numbers of errors of authentication, authorization and quotas. */
export const securityError = {
  NONE: 0,
  TOPIC_AUTHORIZATION_FAILED: 29,
  GROUP_AUTHORIZATION_FAILED: 30,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  UNSUPPORTED_SASL_MECHANISM: 33,
  ILLEGAL_SASL_STATE: 34,
  UNSUPPORTED_VERSION: 35,
  INVALID_REQUEST: 42,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
  SECURITY_DISABLED: 54,
  OPERATION_NOT_ATTEMPTED: 55,
  SASL_AUTHENTICATION_FAILED: 58,
  RESOURCE_NOT_FOUND: 91,
  DUPLICATE_RESOURCE: 92,
  UNACCEPTABLE_CREDENTIAL: 93,
  UNKNOWN_TOPIC_ID: 100,
} as const;

export const topicRefusal = {
  errorCode: securityError.TOPIC_AUTHORIZATION_FAILED,
  errorMessage: "Not authorized for the topic",
};
export const groupRefusal = {
  errorCode: securityError.GROUP_AUTHORIZATION_FAILED,
  errorMessage: "Not authorized for the group",
};
export const clusterRefusal = {
  errorCode: securityError.CLUSTER_AUTHORIZATION_FAILED,
  errorMessage: "Not authorized for the cluster",
};
