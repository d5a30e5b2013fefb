/*
 * Stands in for "node:http" in the bundles: the same module, reached without Node's ES module wrapper.
 *
 * That wrapper reads every export of node:http when it is imported, among them WebSocket, whose getter loads the whole of
 * undici: more than 20 ms of every cold start for something that neither the AWS SDK nor our code uses.
 */
module.exports = process.getBuiltinModule("node:http");
