/** The requests of the ports, by name. */
export const requestNames = [
  "logs.putIfAbsent",
  "logs.readFrom",
  "logs.readLast",
  "logs.readAt",
  "logs.trim",
  "items.get",
  "items.update",
  "items.delete",
  "items.query",
  "blobs.put",
  "blobs.get",
  "blobs.delete",
  "blobs.list",
] as const;

export type RequestName = (typeof requestNames)[number];
