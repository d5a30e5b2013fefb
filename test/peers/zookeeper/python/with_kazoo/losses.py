"""Connections that are cut, servers that are killed, and sessions that are lost."""

import threading
import time

from kazoo.exceptions import KazooException

from .peer import Thread, error_of, fact, wait_until


class World:
    """A client that holds a bit of everything, and a neighbour who waits for its end."""

    def __init__(self, peer, **options):
        self.peer, self.root = peer, peer.root
        self.zk = peer.client(**options)
        self.session = self.zk.client_id
        self.ephemeral = self.zk.create(f"{self.root}/ephemeral", b"mine", ephemeral=True)
        self.born = self.zk.exists(self.ephemeral).czxid
        self.zk.create(f"{self.root}/data", b"0")
        self.lock = self.zk.Lock(f"{self.root}/lock", "owner")
        self.lock.acquire()
        self.semaphore = self.zk.Semaphore(f"{self.root}/semaphore", "owner")
        self.semaphore.acquire()
        self.party = self.zk.Party(f"{self.root}/party", "owner")
        self.party.join()
        self.data, self.children, self.raw = [], [], []
        self.zk.DataWatch(f"{self.root}/data", lambda value, stat: self.data.append(value.decode()))
        self.zk.ChildrenWatch(f"{self.root}/data", lambda names: self.children.append(sorted(names)))
        self.zk.exists(f"{self.root}/data", watch=lambda event: self.raw.append([event.type, event.path]))

    def wait_for_states(self, states):
        wait_until(lambda: self.zk.states[-len(states) :] == states, f"{states}, saw {self.zk.states}")

    def held(self):
        """What the session still has."""
        return [
            self.zk.client_id == self.session,
            self.zk.exists(self.ephemeral) is not None and self.zk.exists(self.ephemeral).czxid == self.born,
            self.lock.contenders()[:1] == ["owner"],
            self.semaphore.lease_holders(),
            list(self.party),
        ]


class Neighbour:
    """Waits for what the other holds, over a connection that nobody cuts."""

    def __init__(self, peer):
        self.zk = peer.client(direct=True)
        root = peer.root
        self.lock = self.zk.Lock(f"{root}/lock", "neighbour")
        self.gone = threading.Event()
        self.zk.exists(f"{root}/ephemeral", watch=lambda event: self.gone.set())
        self.waiting = Thread(self.lock.acquire)
        wait_until(lambda: self.lock.contenders() == ["owner", "neighbour"], "the contender")


def show_reconnection(peer):
    world, other = World(peer), Neighbour(peer)
    peer.order("cut")
    world.wait_for_states(["SUSPENDED", "CONNECTED"])
    fact("states after a cut", world.zk.states)
    fact("held after a cut", world.held())

    peer.order("refuse")
    world.wait_for_states(["SUSPENDED"])
    other.zk.set(f"{peer.root}/data", b"1")
    other.zk.create(f"{peer.root}/data/child")
    peer.order("heal")
    world.wait_for_states(["SUSPENDED", "CONNECTED"])
    wait_until(lambda: world.data[-1] == "1" and world.children[-1] == ["child"], "what changed meanwhile")
    fact("held after a while", world.held())
    fact("data seen", [value for value, before in zip(world.data, [None, *world.data]) if value != before])
    fact("watches end with the connection", world.raw)
    other.zk.set(f"{peer.root}/data", b"2")
    wait_until(lambda: world.data[-1] == "2", "the next change")
    for _ in range(10):
        peer.order("cut")
        world.zk.retry(world.zk.create, f"{peer.root}/data/n-", sequence=True)
    wait_until(lambda: world.zk.states[-1] == "CONNECTED", "the last reconnection")
    fact("after ten cuts", [world.held(), "LOST" in world.zk.states])
    fact("the neighbour waits", [other.gone.is_set(), other.waiting.is_alive()])
    world.lock.release()
    fact("the neighbour has the lock", [other.waiting.end(), other.lock.contenders()])


def show_restart(peer):
    world, other = World(peer), Neighbour(peer)
    names = [world.zk.create(f"{peer.root}/s-", sequence=True) for _ in range(3)]
    before = world.zk.last_zxid
    peer.order("restart")
    world.wait_for_states(["SUSPENDED", "CONNECTED"])
    wait_until(lambda: other.zk.states[-1] == "CONNECTED", "the neighbour")
    fact("states", [world.zk.states, "LOST" in other.zk.states])
    fact("held", world.held())
    fact("data", world.zk.get(f"{peer.root}/data")[0].decode())
    names.append(world.zk.create(f"{peer.root}/s-", sequence=True))
    fact("names go on", [name.rpartition("/")[2] for name in names])
    fact("zxids go on", world.zk.exists(names[3]).czxid > before)
    other.zk.retry(other.zk.set, f"{peer.root}/data", b"1")
    wait_until(lambda: world.data[-1] == "1", "a change after it")
    fact("the neighbour waits", other.waiting.is_alive())
    world.lock.release()
    fact("the neighbour has the lock", [other.waiting.end(), other.lock.contenders()])

    # A session ends after its time, also if its client does not come back to a server that was started again.
    gone = peer.client(timeout=2.0)
    gone.create(f"{peer.root}/gone", ephemeral=True)
    peer.order("refuse")
    peer.order("restart")
    began = time.monotonic()
    wait_until(lambda: not other.zk.retry(other.zk.exists, f"{peer.root}/gone"), "the end of who does not come back")
    fact("the end of who does not come back", time.monotonic() - began < 8)
    peer.order("heal")


def show_session_loss(peer):
    world, other = World(peer), Neighbour(peer)
    peer.end_session_of(world.zk)
    world.wait_for_states(["SUSPENDED", "LOST", "CONNECTED"])
    fact("states", world.zk.states)
    fact("another session", world.zk.client_id[0] != world.session[0])
    fact("the neighbour has the lock", [other.waiting.end(), other.lock.contenders()])
    wait_until(other.gone.is_set, "the end of the ephemeral")
    fact("the ephemeral", world.zk.exists(world.ephemeral))
    world.lock = world.zk.Lock(f"{peer.root}/lock", "owner")
    fact("the lock", world.lock.acquire(blocking=False))
    fact("the semaphore", world.semaphore.lease_holders())
    fact("the party", list(world.party))
    fact("what is not ephemeral", world.zk.get(f"{peer.root}/data")[0].decode())
    world.zk.create(world.ephemeral, b"again", ephemeral=True)
    other.zk.set(f"{peer.root}/data", b"1")
    wait_until(lambda: world.data[-1] == "1", "a change in the next session")
    other.lock.release()
    fact("the lock in the next session", world.lock.acquire(timeout=10))
    world.party.participating = False
    world.party.join()
    fact("the party in the next session", list(world.party))

    waiting = Thread(other.lock.acquire)
    wait_until(lambda: len(world.lock.contenders()) == 2, "the contender")
    session = other.zk.client_id
    peer.client(direct=True, client_id=session).stop()
    wait_until(lambda: "LOST" in other.zk.states, "the loss of the one that waits")
    wait_until(lambda: other.zk.states[-1] == "CONNECTED", "its next session")
    world.lock.release()
    fact("who lost its place in the queue gets the lock", waiting.end())


def show_expiry(peer):
    """The client does not hear, and is not heard."""
    world, other = World(peer, timeout=2.0), Neighbour(peer)
    began = time.monotonic()
    peer.order("silence")
    waited = other.waiting.end()
    seconds = time.monotonic() - began
    fact("the neighbour has the lock", [waited, seconds > 1, seconds < 6])
    wait_until(other.gone.is_set, "the end of the ephemeral")
    wait_until(lambda: world.zk.states[-1] == "SUSPENDED", "that it notices")
    peer.order("heal")
    world.wait_for_states(["LOST", "CONNECTED"])
    fact("states", world.zk.states)
    fact("the lock", world.zk.Lock(f"{peer.root}/lock", "owner").acquire(blocking=False))
    fact("another session", world.zk.client_id[0] != world.session[0])

    # A client that is silent for less than its timeout loses nothing.
    session = world.zk.client_id
    peer.order("silence")
    time.sleep(1.0)
    peer.order("heal")
    fact("silent for less", [world.zk.retry(world.zk.exists, f"{peer.root}/data") is not None])
    fact("its session", world.zk.client_id == session)


def show_passwords(peer):
    zk, root = peer.client(), peer.root
    zk.create(f"{root}/mine", ephemeral=True)
    number, password = zk.client_id
    thief = peer.client(client_id=(number, b"x" * len(password)))
    fact("another password", thief.client_id[0] != number)
    # ZooKeeper parts it from its client all the same, which comes back.
    fact("the session goes on", [zk.retry(zk.exists, f"{root}/mine") is not None, zk.client_id[0] == number])
    unknown = peer.client(client_id=(number + 1_000, password))
    fact("another session", unknown.client_id[0] != number + 1_000)
    peer.order("refuse")
    wait_until(lambda: zk.states[-1] == "SUSPENDED", "the disconnect")
    successor = peer.client(direct=True, client_id=(number, password))
    fact("taken over", [successor.client_id[0] == number, successor.exists(f"{root}/mine").ephemeralOwner == number])
    successor.create(f"{root}/mine-too", ephemeral=True)
    successor.stop()
    peer.order("heal")
    wait_until(lambda: zk.states[-2:] == ["LOST", "CONNECTED"], "the loss")
    fact("after the successor closed", [zk.exists(f"{root}/{name}") for name in ("mine", "mine-too")])
    fact("a closed client", error_of(_closed(peer).get, root) in ("ConnectionClosedError", KazooException.__name__))


def _closed(peer):
    zk = peer.client()
    zk.stop()
    return zk
