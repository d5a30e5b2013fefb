"""Locks of all kinds, while nothing goes wrong."""

import threading
import time

from kazoo.exceptions import LockTimeout

from .peer import Thread, error_of, fact, wait_until


class Holders:
    """Who is inside, and how many were at once."""

    def __init__(self):
        self._lock = threading.Lock()
        self._inside = 0
        self.most = 0
        self.times = 0

    def __enter__(self):
        with self._lock:
            self._inside += 1
            self.times += 1
            self.most = max(self.most, self._inside)
        time.sleep(0.005)

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1


def show_locks(peer):
    root = peer.root
    a, b, c = peer.client(), peer.client(), peer.client()
    holders = Holders()

    def contend(zk):
        for _ in range(10):
            with zk.Lock(f"{root}/shared", "x"), holders:
                pass

    for thread in [Thread(contend, zk) for zk in (a, b, c)]:
        thread.end()
    fact("at once", [holders.most, holders.times])

    held = [zk.Lock(f"{root}/queued", name) for zk, name in ((a, "a"), (b, "b"), (c, "c"))]
    order = []

    def wait_for(index):
        held[index].acquire()
        order.append("abc"[index])
        held[index].release()

    held[0].acquire()
    waiting = []
    for index in (1, 2):
        waiting.append(Thread(wait_for, index))
        wait_until(lambda count=index + 1: len(held[0].contenders()) == count, "the contender")
    fact("contenders", held[0].contenders())
    fact("without waiting", a.Lock(f"{root}/queued", "x").acquire(blocking=False))
    fact("waiting too long", error_of(a.Lock(f"{root}/queued", "x").acquire, timeout=0.2) == LockTimeout.__name__)
    fact("contenders stay", held[0].contenders())
    held[0].release()
    for thread in waiting:
        thread.end()
    fact("in their order", order)
    fact("nothing is left", a.get_children(f"{root}/queued"))

    held[0].acquire()
    cancelled = Thread(held[1].acquire)
    wait_until(lambda: len(held[0].contenders()) == 2, "the contender")
    held[1].cancel()
    fact("cancelled", cancelled.end())
    last = Thread(held[2].acquire)
    wait_until(lambda: len(held[0].contenders()) == 2, "the contender")
    a.stop()
    fact("of a session that was closed", last.end())
    held[2].release()


def show_shared_locks(peer):
    root = peer.root
    a, b, c = peer.client(), peer.client(), peer.client()
    readers = [a.ReadLock(f"{root}/lock", "r1"), b.ReadLock(f"{root}/lock", "r2")]
    writer = c.WriteLock(f"{root}/lock", "w")
    fact("readers together", [reader.acquire(timeout=5) for reader in readers])
    fact("a writer beside them", writer.acquire(blocking=False))
    waiting = Thread(writer.acquire)
    wait_until(lambda: len(writer.contenders()) >= 1 and len(a.get_children(f"{root}/lock")) == 3, "the writer")
    readers[0].release()
    time.sleep(0.2)
    fact("the writer waits for all", waiting.is_alive())
    readers[1].release()
    fact("the writer", waiting.end())
    fact("a reader beside it", readers[0].acquire(blocking=False))
    late = Thread(readers[0].acquire)
    wait_until(lambda: len(a.get_children(f"{root}/lock")) == 2, "the reader")
    writer.release()
    fact("the reader after it", late.end())
    readers[0].release()


def show_semaphore(peer):
    root = peer.root
    clients = [peer.client() for _ in range(4)]
    holders = Holders()

    def contend(zk):
        for _ in range(5):
            with zk.Semaphore(f"{root}/shared", "x", max_leases=2), holders:
                pass

    for thread in [Thread(contend, zk) for zk in clients]:
        thread.end()
    fact("at once", [1 <= holders.most <= 2, holders.times])
    leases = [zk.Semaphore(f"{root}/leases", f"s{index}", max_leases=2) for index, zk in enumerate(clients)]
    fact("two leases", [leases[0].acquire(), leases[1].acquire(), leases[2].acquire(blocking=False)])
    fact("holders", sorted(leases[0].lease_holders()))
    fact("waiting too long", error_of(leases[2].acquire, timeout=0.2))
    fact("other bounds", error_of(clients[3].Semaphore(f"{root}/leases", "x", max_leases=3).acquire))
    waiting = Thread(leases[2].acquire)
    time.sleep(0.1)
    clients[0].stop()
    fact("after a session closed", [waiting.end(), sorted(leases[1].lease_holders())])
    leases[1].release()
    fact("after a release", [leases[3].acquire(timeout=5), sorted(leases[1].lease_holders())])
