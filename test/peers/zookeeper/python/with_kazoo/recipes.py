"""The recipes of kazoo that are not locks."""

import datetime
import threading

from kazoo.recipe.partitioner import PartitionState

from .peer import Thread, error_of, fact, wait_until


def show_election(peer):
    root = peer.root
    clients = [peer.client() for _ in range(3)]
    elections = [zk.Election(f"{root}/leader", f"m{index}") for index, zk in enumerate(clients)]
    leaders, ends = [], [threading.Event() for _ in clients]

    def lead(index):
        leaders.append(index)
        ends[index].wait(30)

    threads = []
    for index, election in enumerate(elections):
        threads.append(Thread(election.run, lead, index))
        wait_until(lambda count=index + 1: len(election.contenders()) == count, "the candidate")
    wait_until(lambda: leaders == [0], "the first leader")
    fact("contenders", elections[2].contenders())
    elections[1].cancel()
    threads[1].end()
    fact("who withdrew", elections[2].contenders())
    ends[0].set()
    wait_until(lambda: leaders == [0, 2], "the next leader")
    fact("leaders", leaders)
    ends[2].set()
    threads[0].end()
    threads[2].end()
    fact("nobody leads", elections[0].contenders())


def show_parties(peer):
    root = peer.root
    a, b = peer.client(), peer.client()
    for kind in ("Party", "ShallowParty"):
        one, other = getattr(a, kind)(f"{root}/{kind}", "one"), getattr(b, kind)(f"{root}/{kind}", "other")
        one.join()
        fact(f"{kind} alone", [list(one), len(other)])
        other.join()
        fact(f"{kind} of two", [sorted(one), len(one)])
        one.leave()
        fact(f"{kind} that one left", list(other))
    b.stop()
    fact("after a session closed", [len(a.Party(f"{root}/Party")), len(a.ShallowParty(f"{root}/ShallowParty"))])


def show_barriers(peer):
    root = peer.root
    a, b = peer.client(), peer.client()
    barrier = a.Barrier(f"{root}/barrier")
    fact("not there", barrier.wait(1))
    barrier.create()
    fact("closed", b.Barrier(f"{root}/barrier").wait(0.2))
    waiting = Thread(b.Barrier(f"{root}/barrier").wait, 20)
    fact("removed", [barrier.remove(), waiting.end(), barrier.remove()])

    inside, left = [], []

    def cross(zk, index):
        double = zk.DoubleBarrier(f"{root}/double", 3, f"d{index}")
        double.enter()
        inside.append(index)
        may_leave[index].wait(30)
        double.leave()
        left.append(index)

    may_leave = [threading.Event() for _ in range(3)]
    threads = [Thread(cross, zk, index) for index, zk in enumerate((a, b))]
    wait_until(lambda: a.exists(f"{root}/double") and len(a.get_children(f"{root}/double")) == 2, "two who entered")
    fact("two are not enough", inside[:])
    threads.append(Thread(cross, peer.client(), 2))
    wait_until(lambda: len(inside) == 3, "all three")
    may_leave[0].set()
    may_leave[1].set()
    wait_until(lambda: len(a.get_children(f"{root}/double")) <= 3, "those who leave")
    fact("nobody leaves alone", left[:])
    may_leave[2].set()
    fact("all left", [thread.end() for thread in threads] + [sorted(left)])


def show_counters(peer):
    root = peer.root
    clients = [peer.client() for _ in range(3)]

    def count(zk):
        counter = zk.Counter(f"{root}/int")
        for _ in range(20):
            counter += 1

    for thread in [Thread(count, zk) for zk in clients]:
        thread.end()
    counter = clients[0].Counter(f"{root}/int")
    fact("counted", counter.value)
    counter -= 7
    fact("before and after", [counter.pre_value, counter.post_value, counter.value])
    floating = clients[1].Counter(f"{root}/float", default=1.5)
    floating += 2.25
    fact("floating", floating.value)
    curator = clients[2].Counter(f"{root}/curator", support_curator=True)
    curator += 258
    fact("as Curator writes it", [curator.value, clients[0].get(f"{root}/curator")[0].hex()])


def show_queues(peer):
    root = peer.root
    a, b = peer.client(), peer.client()
    queue, other = a.Queue(f"{root}/queue"), b.Queue(f"{root}/queue")
    for value, priority in (("low", 200), ("one", 100), ("two", 100), ("high", 5)):
        queue.put(value.encode(), priority)
    fact("length", len(other))
    fact("by priority", [_text(each.get()) for each in (other, queue, other, queue, other)])

    locking, second = a.LockingQueue(f"{root}/locking"), b.LockingQueue(f"{root}/locking")
    fact("put", [locking.put(b"one"), locking.put_all([b"two", b"three"]), len(locking)])
    fact("held", [_text(locking.get(5)), _text(second.get(5)), locking.holds_lock()])
    fact("held again", _text(locking.get(5)))
    fact("given back", [second.release(), _text(peer.client().LockingQueue(f"{root}/locking").get(5))])
    fact("consumed", [locking.consume(), locking.holds_lock(), second.consume()])
    fact("the rest", [_text(second.get(5)), second.consume()])
    fact("nothing to get", second.get(0.2))
    waiting = Thread(second.get, 20)
    locking.put(b"late")
    fact("waited for", [_text(waiting.end()), second.consume(), len(second)])

    taker = peer.client()
    locking.put(b"dropped")
    wait_until(lambda: _text(taker.LockingQueue(f"{root}/locking").get(5)) == "dropped", "the entry")
    taker.stop()
    fact("of a session that was closed", _text(locking.get(10)))


def show_partitioner(peer):
    root = peer.root
    a, b = peer.client(), peer.client()
    items = [f"p{index}" for index in range(6)]
    one = a.SetPartitioner(root, items, identifier="one", time_boundary=0.3)
    one.wait_for_acquire(20)
    fact("alone", [str(one.state), sorted(one)])
    other = b.SetPartitioner(root, items, identifier="other", time_boundary=0.3)
    _settle([one, other])
    fact("together", [sorted(one), sorted(other)])
    other.finish()
    _settle([one])
    fact("after one finished", [sorted(one), str(other.state)])
    third = b.SetPartitioner(root, items, identifier="third", time_boundary=0.3)
    _settle([one, third])
    peer.end_session_of(a)
    wait_until(lambda: one.failed, "the failure of who lost its session")
    _settle([third])
    fact("of a lost session", sorted(third))
    third.finish()
    again = [zk.SetPartitioner(root, items, identifier=name, time_boundary=0.3) for zk, name in ((a, "x"), (b, "y"))]
    _settle(again)
    fact("in the next session", [sorted(each) for each in again])


def _settle(partitioners):
    def settled():
        for partitioner in partitioners:
            if partitioner.release:
                partitioner.release_set()
        size = sum(len(list(partitioner)) for partitioner in partitioners)
        return all(partitioner.state == PartitionState.ACQUIRED for partitioner in partitioners) and size == 6

    wait_until(settled, "the partitions")


def show_lease(peer):
    root = peer.root
    a, b = peer.client(), peer.client()
    minute = datetime.timedelta(minutes=1)
    fact("one holder", [bool(zk.NonBlockingLease(f"{root}/lease", minute, name)) for zk, name in ((a, "a"), (b, "b"))])
    fact("renewed", bool(b.NonBlockingLease(f"{root}/lease", minute, "a")))
    leases = [bool(b.MultiNonBlockingLease(2, f"{root}/many", minute, name)) for name in ("x", "y", "z")]
    fact("two holders", leases)
    fact("without a parent", error_of(a.get, f"{root}/none"))


def _text(value):
    return value if value is None else value.decode()
