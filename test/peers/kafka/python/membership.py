"""A group with members that come and go, for any client that can be put behind `Member`."""

import threading
from collections import Counter

from report import fact, wait_until

PARTITIONS = 4
RECORDS_PER_PHASE = 40


class Member:
    """Polls in a thread of its own, as members of one group in one process must: joining may block.

    A subclass says how to `poll` (which returns values), `commit`, `assigned` (partitions) and `close`.
    """

    def __init__(self):
        self.values = []
        self.partitions = []
        self.failure = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stopped.set()
        self._thread.join(60)
        if self.failure is not None:
            raise self.failure

    def _run(self):
        try:
            while not self._stopped.is_set():
                values = self.poll()
                if values:
                    self.commit()
                self.partitions = self.assigned()
                self.values.extend(values)
            self.close()
        except Exception as error:  # What ends a thread is told by whoever waits for it.
            self.failure = error


def show_rebalance(start_member, produce, committed, describe):
    """`start_member(name)`, `produce(first, count)`, `committed()` by partition, `describe(when)` prints the group."""
    members = {}

    def seen():
        return sorted(value for member in members.values() for value in member.values)

    def wait_for(condition, what):
        def failed_or_met():
            for member in members.values():
                if member.failure is not None:
                    raise member.failure
            return condition()

        wait_until(failed_or_met, what)

    def wait_for_values(count):
        wait_for(lambda: len(set(seen())) >= count, f"{count} values, have {len(set(seen()))}")

    produce(0, RECORDS_PER_PHASE)
    members["a"] = start_member("a")
    wait_for_values(RECORDS_PER_PHASE)
    fact("assigned alone", sorted(members["a"].partitions))

    members["b"] = start_member("b")
    wait_for(lambda: all(len(member.partitions) == 2 for member in members.values()), "two partitions each")
    fact("assigned together", sorted(members["a"].partitions + members["b"].partitions))
    describe("with two members")
    produce(RECORDS_PER_PHASE, RECORDS_PER_PHASE)
    wait_for_values(2 * RECORDS_PER_PHASE)
    fact("both members read", all(any(v >= RECORDS_PER_PHASE for v in m.values) for m in members.values()))

    members["b"].stop()
    wait_for(lambda: len(members["a"].partitions) == PARTITIONS, "all partitions again")
    fact("assigned after one left", sorted(members["a"].partitions))
    produce(2 * RECORDS_PER_PHASE, RECORDS_PER_PHASE)
    wait_for_values(3 * RECORDS_PER_PHASE)
    members["a"].stop()
    fact("read by the group", sorted(set(seen())))
    fact("read twice", sorted(value for value, times in Counter(seen()).items() if times > 1))
    fact("committed offsets", committed())

    produce(3 * RECORDS_PER_PHASE, RECORDS_PER_PHASE)
    later = start_member("later")
    members.clear()
    members["later"] = later
    wait_for_values(RECORDS_PER_PHASE)
    later.stop()
    fact("read by a later member", seen())
    describe("when all have left")


def show_static_member(start_member, produce):
    """A static member that comes back within its session has its partitions again, and nobody else is disturbed."""
    produce(0, RECORDS_PER_PHASE)
    a, b = start_member("a"), start_member("b")
    wait_until(lambda: len(a.partitions) == 2 and len(b.partitions) == 2, "two partitions each")
    wait_until(lambda: len(set(a.values + b.values)) >= RECORDS_PER_PHASE, "the first values")
    before = sorted(b.partitions)
    assignments_of_a = a.assignments
    b.stop()
    again = start_member("b")
    wait_until(lambda: len(again.partitions) == 2, "the partitions again")
    produce(RECORDS_PER_PHASE, RECORDS_PER_PHASE)
    wait_until(lambda: len(set(a.values + b.values + again.values)) >= 2 * RECORDS_PER_PHASE, "the values after it")
    fact("partitions kept over a restart", sorted(again.partitions) == before)
    fact("assignments of the other meanwhile", a.assignments - assignments_of_a)
    fact("read by the group", sorted(set(a.values + b.values + again.values)))
    a.stop()
    again.stop()
