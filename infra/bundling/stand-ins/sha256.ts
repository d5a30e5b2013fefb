/** Stands in a function's bundle for SHA-256 in JavaScript, which the SDK takes where Node has no OpenSSL. */
export class Sha256Js {
  constructor() {
    throw new Error("SHA-256 in JavaScript is not in the bundle of a function");
  }
}
