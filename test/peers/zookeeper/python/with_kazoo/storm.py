"""Many clients that add to one counter under a lock, while connections are cut and the server is killed."""

import time

from kazoo.exceptions import BadVersionError

from .locks import Holders
from .peer import Thread, fact, wait_until

CLIENTS = 6
ROUNDS = 20
# Longer than the server takes to come back, however slow the machine is.
SESSION_SECONDS = 10.0


def show_storm(peer):
    root = peer.root
    clients = [peer.client(timeout=SESSION_SECONDS) for _ in range(CLIENTS)]
    neighbour = peer.client(direct=True, timeout=SESSION_SECONDS)
    neighbour.create(f"{root}/counter", b"0 nobody")
    sessions = [zk.client_id for zk in clients]
    for index, zk in enumerate(clients):
        zk.create(f"{root}/alive-{index}", ephemeral=True)
    holders, seen = Holders(), []
    neighbour.DataWatch(f"{root}/counter", lambda data, stat: seen.append(int(data.split()[0])))

    def add(index):
        zk = clients[index]
        for number in range(ROUNDS):
            with zk.Lock(f"{root}/lock", str(index)), holders:
                _add_one(zk, f"{root}/counter", f"{index}.{number}".encode())

    threads = [Thread(add, index) for index in range(CLIENTS)]
    orders = iter(["cut", "refuse", "heal", "cut", "silence", "heal", "cut", "restart", "cut", "refuse", "heal"])
    for order in orders:
        time.sleep(0.4)
        peer.order(order)
    while any(thread.is_alive() for thread in threads):
        peer.order("cut")
        time.sleep(0.6)
    fact("ended", [thread.end() for thread in threads])
    fact("at once", [holders.most, holders.times])
    fact("counted", int(neighbour.retry(neighbour.get, f"{root}/counter")[0].split()[0]))
    wait_until(lambda: seen[-1] == CLIENTS * ROUNDS, "the last value")
    fact("seen in order", seen == sorted(seen))
    fact("nothing is left", neighbour.get_children(f"{root}/lock"))
    wait_until(lambda: all(zk.states[-1] == "CONNECTED" for zk in clients), "the connections")
    fact("the sessions", [zk.client_id for zk in clients] == sessions)
    owners = [zk.exists(f"{root}/alive-{index}").ephemeralOwner for index, zk in enumerate(clients)]
    fact("the ephemerals", owners == [number for number, _ in sessions])
    fact("lost", [index for index, zk in enumerate(clients) if "LOST" in zk.states])


def _add_one(zk, path, name):
    """Once, also where the answer to its write is lost: the counter says who added last."""
    data, stat = zk.retry(zk.get, path)
    following = str(int(data.split()[0]) + 1).encode() + b" " + name
    try:
        zk.retry(zk.set, path, following, version=stat.version)
    except BadVersionError:
        if zk.retry(zk.get, path)[0] != following:
            raise
