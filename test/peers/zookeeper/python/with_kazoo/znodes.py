"""Znodes, transactions, access control lists and four-letter words."""

from kazoo.security import CREATOR_ALL_ACL, make_digest_acl, make_acl

from .peer import error_of, fact


def show_znodes(peer):
    zk, root = peer.client(), peer.root
    fact("created", zk.create(f"{root}/a", b"one"))
    path, stat = zk.create(f"{root}/b", b"three", include_data=True)
    fact("created with stat", [path, stat.version, stat.cversion, stat.aversion, stat.dataLength, stat.numChildren])
    fact("born at one zxid", stat.czxid == stat.mzxid == stat.pzxid and stat.ctime == stat.mtime)
    fact("created again", error_of(zk.create, f"{root}/a"))
    fact("created without a parent", error_of(zk.create, f"{root}/x/y"))
    fact("created with parents", zk.create(f"{root}/x/y/z", b"", makepath=True))
    fact("data", zk.get(f"{root}/a")[0].decode())
    changed = zk.set(f"{root}/a", b"two", version=0)
    fact("changed", [changed.version, changed.dataLength, changed.mzxid > changed.czxid])
    fact("changed at an old version", error_of(zk.set, f"{root}/a", b"no", version=0))
    fact("changed where nothing is", error_of(zk.set, f"{root}/none", b""))
    fact("exists", [zk.exists(f"{root}/a").version, zk.exists(f"{root}/none")])
    fact("data of none", error_of(zk.get, f"{root}/none"))
    children, stat = zk.get_children(root, include_data=True)
    fact("children", sorted(children))
    fact("stat of the parent", [stat.version, stat.cversion, stat.numChildren])
    fact("deleted with children", error_of(zk.delete, f"{root}/x"))
    fact("deleted at another version", error_of(zk.delete, f"{root}/a", version=7))
    zk.delete(f"{root}/a", version=1)
    zk.delete(f"{root}/x", recursive=True)
    fact("after deletions", sorted(zk.get_children(root)))

    sequential = [zk.create(f"{root}/b/s-", sequence=True) for _ in range(3)]
    zk.delete(sequential[1])
    sequential.append(zk.create(f"{root}/b/s-", sequence=True, ephemeral=True))
    fact("sequential", [path.rpartition("/")[2] for path in sequential])
    fact("owned", [zk.exists(path).ephemeralOwner == zk.client_id[0] for path in sequential[2:]])
    fact("child of an ephemeral", error_of(zk.create, f"{sequential[3]}/child"))
    fact("synchronized", zk.sync(root))

    chrooted = peer.client(chroot=root)
    fact("chrooted", [chrooted.create("/in"), sorted(chrooted.get_children("/")), zk.exists(f"{root}/in") is not None])
    big = bytes(range(256)) * 4000
    zk.create(f"{root}/big", big)
    fact("a megabyte", zk.get(f"{root}/big")[0] == big)

    zk.create(f"{root}/lasting")
    short = peer.client()
    short.create(f"{root}/passing", ephemeral=True)
    fact("of a session", zk.exists(f"{root}/passing") is not None)
    short.stop()
    fact("of a closed session", [zk.exists(f"{root}/passing") is not None, zk.exists(f"{root}/lasting") is not None])
    fact("reconfigured", error_of(zk.reconfig, None, None, "server.1=127.0.0.1:2888:3888;2181"))
    fact("the configuration can be read", zk.exists("/zookeeper/config") is not None)


def show_pipeline(peer):
    """One connection's requests are done in the order in which they were sent."""
    zk, root = peer.client(), peer.root
    created = [zk.create_async(f"{root}/n-", sequence=True) for _ in range(2_000)]
    children = zk.get_children_async(root)
    paths = [each.get(timeout=30) for each in created]
    fact("in order", paths == sorted(paths) and len(set(paths)) == 2_000)
    fact("children seen by the next read", len(children.get(timeout=30)))
    zk.create(f"{root}/register", b"")
    mixed = []
    for number in range(200):
        mixed.append((number, zk.set_async(f"{root}/register", str(number).encode())))
        mixed.append((number, zk.get_async(f"{root}/register")))
    answers = [(number, each.get(timeout=30)) for number, each in mixed]
    fact("versions", [answers[0][1].version, answers[-2][1].version])
    fact("reads see the write before them", all(answer[0] == str(number).encode() for number, answer in answers[1::2]))
    fact("deleted", sum(each.get(timeout=30) is True for each in [zk.delete_async(path) for path in paths]))


def show_transactions(peer):
    zk, root = peer.client(), peer.root
    zk.create(f"{root}/a", b"one")
    transaction = zk.transaction()
    transaction.check(f"{root}/a", 0)
    transaction.create(f"{root}/b", b"b")
    transaction.create(f"{root}/s-", b"", sequence=True, ephemeral=True)
    transaction.set_data(f"{root}/a", b"two")
    transaction.create(f"{root}/passing")
    transaction.delete(f"{root}/passing")
    checked, created, sequential, changed, _, deleted = transaction.commit()
    fact("committed", [checked, created, sequential, changed.version, deleted])
    fact("after it", sorted(zk.get_children(root)))
    fact("at one zxid", changed.mzxid == zk.exists(f"{root}/b").czxid == zk.exists(sequential).czxid)

    failing = zk.transaction()
    failing.set_data(f"{root}/a", b"three")
    failing.check(f"{root}/b", 5)
    failing.delete(f"{root}/b")
    fact("failed", [type(result).__name__ for result in failing.commit()])
    fact("unchanged by it", [zk.get(f"{root}/a")[0].decode(), sorted(zk.get_children(root))])
    fact("empty", zk.transaction().commit())
    with zk.transaction() as block:
        block.delete(f"{root}/b")
    fact("a block", zk.exists(f"{root}/b") is None)


def show_acls(peer):
    zk, root = peer.client(), peer.root
    everybody, ann, bob = peer.client(), peer.client(), peer.client()
    fact("authenticated", [ann.add_auth("digest", "ann:secret"), bob.add_auth("digest", "bob:other")])
    digest = make_digest_acl("ann", "secret", all=True)
    zk.create(f"{root}/of-ann", b"mine", acl=[digest])
    fact("who may read", [_result(each.get, f"{root}/of-ann") for each in (everybody, ann, bob)])
    fact("who may create", [error_of(each.create, f"{root}/of-ann/x") for each in (everybody, bob, ann)])
    fact("who may delete", [error_of(each.delete, f"{root}/of-ann/x") for each in (everybody, bob, ann)])
    ann.create(f"{root}/by-ann", acl=CREATOR_ALL_ACL)
    acls, stat = ann.get_acls(f"{root}/by-ann")
    fact("of the creator", [[acl.perms, acl.id.scheme, acl.id.id == digest.id.id] for acl in acls])
    fact("version of the list", stat.aversion)
    fact("without an identity", error_of(everybody.create, f"{root}/by-none", acl=CREATOR_ALL_ACL))
    reads = make_acl("world", "anyone", read=True)
    fact("list changed by another", error_of(bob.set_acls, f"{root}/by-ann", [reads]))
    fact("list changed at another version", error_of(ann.set_acls, f"{root}/by-ann", [reads, digest], version=3))
    fact("list changed", ann.set_acls(f"{root}/by-ann", [reads, digest], version=0).aversion)
    fact("as others see it", [[acl.perms, acl.id.scheme, acl.id.id] for acl in bob.get_acls(f"{root}/by-ann")[0]])
    fact("who may write", [error_of(each.set, f"{root}/by-ann", b"") for each in (everybody, bob, ann)])
    local = make_acl("ip", "127.0.0.1", all=True)
    far = make_acl("ip", "10.0.0.0/8", all=True)
    zk.create(f"{root}/of-this-host", b"here", acl=[local])
    zk.create(f"{root}/of-others", b"there", acl=[far])
    fact("by address", [_result(zk.get, f"{root}/of-this-host"), _result(zk.get, f"{root}/of-others")])
    fact("an unknown scheme", error_of(zk.create, f"{root}/no", acl=[make_acl("kerb", "x", all=True)]))

    # Credentials are told again to whoever the client comes back to.
    peer.order("cut")
    fact("after a reconnection", [_result(ann.retry, ann.get, f"{root}/of-ann"), _result(bob.retry, bob.get, f"{root}/of-ann")])
    given = peer.client(auth_data=[("digest", "ann:secret")])
    fact("given at the start", _result(given.get, f"{root}/of-ann"))
    refused = peer.client()
    fact("of an unknown scheme", error_of(refused.add_auth, "nonsense", "x:y"))


def _result(call, *args):
    name = error_of(call, *args)
    return call(*args)[0].decode() if name is None else name


def show_commands(peer):
    zk, root = peer.client(), peer.root
    zk.create(f"{root}/passing", ephemeral=True)
    zk.get(f"{root}/passing", watch=lambda event: None)
    session = f"{zk.client_id[0]:x}"
    fact("ruok", zk.command(b"ruok"))
    fact("srvr", _labels(zk.command(b"srvr")))
    stat = zk.command(b"stat")
    fact("stat", [stat.startswith("Zookeeper version: 3."), "Clients:" in stat, "Mode: standalone" in stat])
    monitored = dict(line.split("\t", 1) for line in zk.command(b"mntr").splitlines() if "\t" in line)
    fact("mntr", [name for name in MONITORED if name not in monitored])
    fact("mntr counts", [monitored["zk_server_state"], *(int(monitored[f"zk_{name}"]) > 0 for name in COUNTED)])
    configured = dict(line.split("=", 1) for line in zk.command(b"conf").splitlines() if "=" in line)
    fact("conf", [name for name in CONFIGURED if name not in configured])
    fact("conf has the port", configured["clientPort"] == peer.direct.split(":")[1])
    fact("cons has this client", f"sid=0x{session}" in zk.command(b"cons"))
    fact("envi", [f"{name}=" in zk.command(b"envi") for name in ("zookeeper.version", "host.name", "os.name")])
    fact("server version", zk.server_version()[:1])
    watched = zk.command(b"wchs").splitlines()
    fact("wchs", [watched[0].split()[1:], watched[1].startswith("Total watches:")])
    dumped = zk.command(b"dump")
    fact("dump", [f"0x{session}" in dumped, f"{root}/passing" in dumped])
    fact("isro", zk.command(b"isro"))
    fact("after them", zk.exists(f"{root}/passing") is not None)


MONITORED = [
    "zk_version",
    "zk_server_state",
    "zk_avg_latency",
    "zk_max_latency",
    "zk_min_latency",
    "zk_packets_received",
    "zk_packets_sent",
    "zk_num_alive_connections",
    "zk_outstanding_requests",
    "zk_znode_count",
    "zk_watch_count",
    "zk_ephemerals_count",
]
COUNTED = ["num_alive_connections", "znode_count", "watch_count", "ephemerals_count", "packets_received"]
CONFIGURED = ["clientPort", "tickTime", "maxClientCnxns", "minSessionTimeout", "maxSessionTimeout"]


def _labels(text):
    return [line.split(":")[0] for line in text.splitlines()]
