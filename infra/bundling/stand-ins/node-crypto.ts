/**
 * Stands in a function's bundle for `node:crypto`. To import that reads its every export, `webcrypto` among them, for which
 * Node loads all of WebCrypto: 5 ms of a cold start. This loads what is named here.
 */
export const {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  getRandomValues,
  randomBytes,
  sign,
  timingSafeEqual,
} = process.getBuiltinModule("node:crypto");
