/** Stands in a function's bundle for SHA-256 in JavaScript, which the SDK takes where Node has no OpenSSL. */
export const Sha256Js = undefined;
