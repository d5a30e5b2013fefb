/** Called as `program <address> <scenario> <root> <direct address> <control address>`: see ../README.md. */
import { once } from "node:events";
import { writeSync } from "node:fs";
import { connect } from "node:net";
import { clientOf, errorOf, type Client, waitUntil } from "./client.ts";

const [, , address = "", scenario = "", root = "", direct = "", control = ""] = process.argv;
/** The package writes to the standard output, too. */
const reportDescriptor = 3;
const persistent = 0;
const ephemeral = 1;
const sequential = 2;
const anyVersion = -1;

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  znodes,
  watches,
  "access control lists": accessControlLists,
  reconnection,
  "session loss": sessionLoss,
};

await scenarios[scenario]?.();
write({ done: scenario });

function write(line: unknown): void {
  writeSync(reportDescriptor, `${JSON.stringify(line)}\n`);
}

function fact(name: string, value: unknown): void {
  write({ fact: name, value: value ?? null });
}

async function order(what: string): Promise<void> {
  const [host = "", port = ""] = control.split(":");
  const socket = connect(Number(port), host);
  await once(socket, "connect");
  socket.write(`${what}\n`);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  if (answer !== "done\n") throw new Error(`${what}: ${answer}`);
}

async function znodes(): Promise<void> {
  const client = await clientOf(address);
  const { zk } = client;
  fact("created", await zk.create(root, "", persistent));
  await zk.create(`${root}/a`, "one", persistent);
  fact("created again", await errorOf(zk.create(`${root}/a`, "", persistent)));
  fact("created without a parent", await errorOf(zk.create(`${root}/x/y`, "", persistent)));
  const names = [ephemeral | sequential, sequential].map((mode) => zk.create(`${root}/s-`, "", mode));
  fact("sequential", await Promise.all(names));
  const [stat, data] = await zk.get(`${root}/a`, false);
  fact("data", [data.toString(), stat.version, stat.dataLength]);
  const { version, mzxid, czxid } = await zk.set(`${root}/a`, "two", 0);
  fact("changed", [version, mzxid > czxid]);
  fact("changed at an old version", await errorOf(zk.set(`${root}/a`, "", 0)));
  fact("its own", (await zk.exists(`${root}/s-0000000001`, false)).createdInThisSession);
  const [children, { cversion, numChildren }] = await zk.get_children2(root, false);
  fact("children", [children.toSorted(), cversion, numChildren]);
  fact("deleted with children", await errorOf(zk.delete_(root, anyVersion)));
  await zk.delete_(`${root}/a`, 1);
  fact("deleted", await errorOf(zk.exists(`${root}/a`, false)));
  fact("a TTL", await zk.create(`${root}/ttl`, "", 5, 1_000_000));
  await zk.sync(root);
  fact("configuration", (await errorOf(zk.getconfig(false))) ?? "read");
  const made = await Promise.all(Array.from({ length: 500 }, () => zk.create(`${root}/n-`, "", sequential)));
  fact(
    "in order",
    made.every((path, index) => path === made.toSorted()[index]),
  );
  const passing = await clientOf(address);
  await passing.zk.create(`${root}/e`, "", ephemeral);
  await passing.close();
  // It does not wait for the answer.
  await waitUntil(
    async () => (await errorOf(zk.exists(`${root}/e`, false))) === "-101 no node",
    "the end of the session",
  );
  await client.close();
}

async function accessControlLists(): Promise<void> {
  const client = await clientOf(address);
  const { zk } = client;
  await zk.create(root, "", persistent);
  const other = await clientOf(address);
  await other.authenticate("ann:secret");
  fact("at first", (await zk.get_acl(root))[0]);
  await other.zk.set_acl(root, 0, [{ perms: 31, scheme: "auth", auth: "" }]);
  const [rows, { aversion }] = await other.zk.get_acl(root);
  const named = rows.map(({ perms, scheme, auth }) => [perms, scheme, auth.split(":")[0]]);
  fact("of who set it", [named, aversion]);
  fact("who may read", [await errorOf(zk.get(root, false)), await errorOf(other.zk.get(root, false))]);
  fact("set by another", await errorOf(zk.set_acl(root, 1, [{ perms: 31, scheme: "world", auth: "anyone" }])));
  await order("cut");
  await waitUntil(() => other.states.at(-1) === "connect" && other.states.length >= 3, "the reconnection");
  fact("after a reconnection", await errorOf(other.zk.get(root, false)));
  await Promise.all([client.close(), other.close()]);
}

async function watches(): Promise<void> {
  const client = await clientOf(address);
  const other = await clientOf(direct);
  const { zk } = client;
  await zk.create(root, "", persistent);
  await zk.create(`${root}/a`, "", persistent);
  await watchAll(client, "/a");
  await other.zk.set(`${root}/a`, "1", anyVersion);
  await other.zk.set(`${root}/a`, "2", anyVersion);
  await other.zk.create(`${root}/new`, "", persistent);
  await waitUntil(() => client.events.length >= 3, "three events");
  fact("once each", client.takeEvents(root));
  await zk.w_get(`${root}/a`, client.hear);
  await other.zk.delete_(`${root}/a`, anyVersion);
  await waitUntil(() => client.events.length > 0, "the event of a deletion");
  fact("of a deletion", client.takeEvents(root));
  await Promise.all([client.close(), other.close()]);
}

async function reconnection(): Promise<void> {
  const client = await clientOf(address);
  const other = await clientOf(direct);
  const { zk } = client;
  const session = zk.client_id;
  await zk.create(root, "", persistent);
  for (const name of ["a", "kept"]) await zk.create(`${root}/${name}`, "", persistent);
  await zk.create(`${root}/e`, "", ephemeral);
  await watchAll(client, "/a");
  await zk.w_get(`${root}/kept`, client.hear);
  await order("refuse");
  await waitUntil(() => client.states.at(-1) === "connecting", "the disconnect");
  await other.zk.set(`${root}/a`, "x", anyVersion);
  await other.zk.create(`${root}/new`, "", persistent);
  await order("heal");
  await waitUntil(() => client.events.length >= 3, "three events");
  fact("what happened meanwhile", client.takeEvents(root).toSorted(byPath));
  await other.zk.set(`${root}/kept`, "x", anyVersion);
  await waitUntil(() => client.events.length > 0, "one event");
  fact("what happened later", client.takeEvents(root));
  fact("states", client.states);
  await order("restart");
  await waitUntil(() => client.states.length >= 5 && client.states.at(-1) === "connect", "the reconnection");
  fact("the session", [zk.client_id === session, (await zk.exists(`${root}/e`, false)).createdInThisSession]);
  await Promise.all([client.close(), other.close()]);
}

async function sessionLoss(): Promise<void> {
  const client = await clientOf(address);
  const other = await clientOf(direct);
  const { zk } = client;
  await zk.create(root, "", persistent);
  await zk.create(`${root}/e`, "", ephemeral);
  await other.zk.w_exists(`${root}/e`, other.hear);
  const session = { client_id: zk.client_id, client_password: zk.client_password };
  await order("refuse");
  await waitUntil(() => client.states.at(-1) === "connecting", "the disconnect");
  const successor = await clientOf(direct, session);
  fact("taken over", successor.zk.client_id === session.client_id);
  await successor.close();
  await waitUntil(() => other.events.length > 0, "the end of the ephemeral");
  fact("the ephemeral", other.takeEvents(root));
  await order("heal");
  await waitUntil(() => client.states.at(-1)?.startsWith("close") === true, "the loss");
  fact("states", client.states);
  const next = await clientOf(address);
  fact("the next session", next.zk.client_id !== session.client_id);
  fact("children", await next.zk.get_children(root, false));
  await Promise.all([next.close(), other.close()]);
}

/** Watches a znode's data, its parent's children, and one that is not there. */
async function watchAll({ zk, hear }: Client, name: string): Promise<void> {
  await zk.w_get(root + name, hear);
  await zk.w_get_children(root, hear);
  await errorOf(zk.w_exists(`${root}/new`, hear));
}

function byPath([, one]: readonly [number, string], [, other]: readonly [number, string]): number {
  return one < other ? -1 : Number(one > other);
}
