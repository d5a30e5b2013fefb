"""Watches, one-shot ones and those that kazoo makes of them."""

from kazoo.recipe.cache import TreeCache
from kazoo.recipe.watchers import PatientChildrenWatch

from .peer import fact, wait_until


def show_watches(peer):
    zk, other, root = peer.client(), peer.client(), peer.root
    zk.create(f"{root}/a", b"0")
    seen = []

    def see(event):
        seen.append([event.type, event.path.removeprefix(root)])

    zk.get(f"{root}/a", watch=see)
    zk.exists(f"{root}/new", watch=see)
    zk.get_children(root, watch=see)
    other.set(f"{root}/a", b"1")
    other.set(f"{root}/a", b"2")
    other.create(f"{root}/new")
    other.create(f"{root}/newer")
    zk.sync(root)
    wait_until(lambda: len(seen) >= 3, "three events")
    fact("once each", seen[:])
    seen.clear()
    zk.get(f"{root}/a", watch=see)
    zk.get_children(f"{root}/a", watch=lambda event: see(event))
    zk.exists(f"{root}/a", watch=lambda event: see(event))
    other.delete(f"{root}/a")
    zk.sync(root)
    wait_until(lambda: len(seen) >= 3, "events of a deletion")
    fact("of a deletion", seen[:])

    # The event comes before the answer that shows what it tells of.
    order = []
    zk.get(f"{root}/new", watch=lambda event: order.append("event"))
    other.set(f"{root}/new", b"x")
    answer = zk.get_async(f"{root}/new")
    answer.rawlink(lambda result: order.append(result.get()[0].decode()))
    answer.get(timeout=10)
    wait_until(lambda: len(order) == 2, "both")
    fact("event before its change", order)
    _show_lasting(zk, other, root)


def _show_lasting(zk, other, root):
    data, children, stops = [], [], []

    @zk.DataWatch(f"{root}/d")
    def _data(value, stat, event):
        data.append([None if value is None else value.decode(), stat and stat.version, event and event.type])

    @zk.ChildrenWatch(root, send_event=True)
    def _children(names, event):
        children.append([sorted(names), event and event.type])

    @zk.DataWatch(f"{root}/d")
    def _stops(value, stat):
        stops.append(value and value.decode())
        return value != b"one"

    def step(call, *args):
        before = len(data), len(children)
        call(*args)
        wait_until(lambda: len(data) > before[0], "the change of data")

    step(other.create, f"{root}/d", b"one")
    step(other.set, f"{root}/d", b"two")
    step(other.delete, f"{root}/d")
    step(other.create, f"{root}/d", b"three")
    wait_until(lambda: len(children) >= 4, "the changes of children")
    fact("DataWatch", data)
    fact("ChildrenWatch", children)
    fact("DataWatch that stops", stops)

    patient = PatientChildrenWatch(zk, root, time_boundary=0.3).start()
    for number in range(3):
        other.create(f"{root}/p{number}")
    names, changed = patient.get(timeout=20)
    fact("PatientChildrenWatch", sorted(names))
    other.delete(f"{root}/p0")
    changed.get(timeout=20)
    fact("PatientChildrenWatch tells of the next change", changed.ready())


def show_cache(peer):
    zk, other, root = peer.client(), peer.client(direct=True), peer.root
    other.create(f"{root}/a/b", b"1", makepath=True)
    events = []
    cache = TreeCache(zk, root)
    cache.listen(lambda event: events.append(_event(event, root)))
    cache.start()
    wait_until(lambda: ["INITIALIZED", None, None] in events, "the first state")
    fact("at first", sorted(event for event in events if event[1] is not None))
    events.clear()

    def step(call, *args):
        before = len(events)
        call(*args)
        wait_until(lambda: len(events) > before, "the event")

    step(other.create, f"{root}/c", b"2")
    step(other.set, f"{root}/a/b", b"3")
    step(other.create, f"{root}/a/b/d", b"4")
    step(other.delete, f"{root}/a/b/d")
    step(other.delete, f"{root}/c")
    fact("changes", events[:])
    fact("what it holds", [cache.get_data(f"{root}/a/b").data.decode(), sorted(cache.get_children(root))])

    events.clear()
    peer.order("refuse")
    wait_until(lambda: ["CONNECTION_SUSPENDED", None, None] in events, "the disconnect")
    other.set(f"{root}/a/b", b"5")
    other.create(f"{root}/e", b"6")
    peer.order("heal")
    wait_until(lambda: cache.get_data(f"{root}/e") is not None, "what was created meanwhile")
    wait_until(lambda: cache.get_data(f"{root}/a/b").data == b"5", "what was changed meanwhile")
    fact("over a disconnect", [event[0] for event in events if event[0].startswith("CONNECTION")])
    events.clear()
    peer.end_session_of(zk)
    wait_until(lambda: ["INITIALIZED", None, None] in events, "the state of the next session")
    step(other.set, f"{root}/e", b"7")
    wait_until(lambda: cache.get_data(f"{root}/e").data == b"7", "a change in the next session")
    fact("over a lost session", [event[0] for event in events if event[0].startswith("CONNECTION")])
    cache.close()


def _event(event, root):
    node = event.event_data
    names = ["NODE_ADDED", "NODE_UPDATED", "NODE_REMOVED", "CONNECTION_SUSPENDED", "CONNECTION_RECONNECTED"]
    name = [*names, "CONNECTION_LOST", "INITIALIZED"][event.event_type]
    return [name, node and node.path.removeprefix(root), node and node.data.decode()]
