"""Members of groups that come and go."""

from kafka import ConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from membership import Member, PARTITIONS, show_rebalance, show_static_member
from report import fact
from with_kafka_python.client import (
    IS_OLD,
    admin_client,
    committed_offsets,
    consumer_of,
    create_topic,
    polled,
    produce_values,
)


def assignor_of(protocol):
    if protocol == "cooperative-sticky":
        from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

        return CooperativeStickyAssignor
    named = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor, "sticky": StickyPartitionAssignor}
    return named[protocol]


class GroupMember(Member, ConsumerRebalanceListener):
    def __init__(self, bootstrap, group, topic, protocol, **config):
        super().__init__()
        self.assignments = 0
        self._consumer = consumer_of(
            bootstrap,
            group_id=group,
            partition_assignment_strategy=[assignor_of(protocol)],
            session_timeout_ms=10_000,
            heartbeat_interval_ms=500,
            **config,
        )
        self._consumer.subscribe([topic], listener=self)

    def on_partitions_assigned(self, assigned):
        self.assignments += 1

    def on_partitions_revoked(self, revoked):
        pass

    def poll(self):
        return [int(found.value) for found in polled(self._consumer, 0.1)]

    def commit(self):
        self._consumer.commit()

    def assigned(self):
        return [partition.partition for partition in self._consumer.assignment()]

    def close(self):
        self._consumer.close()


def produce_numbers(bootstrap, topic):
    def produce(first, count):
        numbers = range(first, first + count)
        produce_values(bootstrap, topic, [(number % PARTITIONS, f"{number}") for number in numbers])

    return produce


def show_group(bootstrap, prefix, protocol):
    topic = group = f"{prefix}-group-{protocol}"
    create_topic(bootstrap, topic, PARTITIONS)
    admin = admin_client(bootstrap)

    def describe(when):
        state, assigned = described(admin, group)
        fact(f"state {when}", state.upper())
        fact(f"members {when}", len(assigned))
        fact(f"partitions of members {when}", sorted(partition for member in assigned for partition in member))
        if assigned:
            fact("code for deleting a group with members", delete_group(admin, group))

    show_rebalance(
        lambda name: GroupMember(bootstrap, group, topic, protocol, client_id=name).start(),
        produce_numbers(bootstrap, topic),
        lambda: committed_offsets(bootstrap, group, topic, PARTITIONS),
        describe,
    )
    fact("group is listed", group in listed(admin))
    delete_group(admin, group)
    fact("group is listed after its end", group in listed(admin))


def described(admin, group):
    """The group's state, and each member's partitions."""
    if IS_OLD:
        (found,) = admin.describe_consumer_groups([group])
        return found.state, [
            [n for _topic, numbers in member.member_assignment.assignment for n in numbers] for member in found.members
        ]
    found = admin.describe_groups([group])[group]
    members = [member["member_assignment"]["assigned_partitions"] for member in found["members"]]
    return found["group_state"], [[n for topic in member for n in topic["partitions"]] for member in members]


def listed(admin):
    if IS_OLD:
        return [name for name, _type in admin.list_consumer_groups()]
    return [found["group_id"] for found in admin.list_groups()]


def delete_group(admin, group):
    """Kafka's code in the answer."""
    from kafka import errors

    if IS_OLD:
        ((_name, error),) = admin.delete_consumer_groups([group])
        return error.errno
    name = admin.delete_groups([group])[group]
    return 0 if name == "OK" else getattr(errors, name).errno


def show_static(bootstrap, prefix, protocol):
    topic = group = f"{prefix}-static-{protocol}"
    create_topic(bootstrap, topic, PARTITIONS)
    show_static_member(
        lambda name: GroupMember(bootstrap, group, topic, protocol, group_instance_id=f"{prefix}-{name}").start(),
        produce_numbers(bootstrap, topic),
    )
