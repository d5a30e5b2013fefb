"""Members of groups that come and go."""

from confluent_kafka import KafkaException

from membership import Member, PARTITIONS, show_rebalance, show_static_member
from report import WAIT_SECONDS_MAX, fact
from with_confluent_kafka.client import (
    admin_client,
    assigned_consumer,
    code_of,
    committed_offsets,
    create_topic,
    only,
    produce_values,
)


def show_group(bootstrap, prefix, protocol):
    topic = group = f"{prefix}-group-{protocol}"
    create_topic(bootstrap, topic, PARTITIONS)
    admin = admin_client(bootstrap)

    def describe(when):
        if not hasattr(admin, "describe_consumer_groups"):
            return
        found = only(admin.describe_consumer_groups([group]))
        fact(f"state {when}", found.state.name)
        fact(f"members {when}", len(found.members))
        assigned = [p.partition for member in found.members for p in member.assignment.topic_partitions]
        fact(f"partitions of members {when}", sorted(assigned))
        if found.members:
            fact("code for deleting a group with members", code_of(lambda: only(admin.delete_consumer_groups([group]))))

    show_rebalance(
        lambda name: GroupMember(bootstrap, group, topic, {"client.id": name, **protocol_config(protocol)}).start(),
        produce_numbers(bootstrap, topic),
        lambda: committed_offsets(bootstrap, group, topic, PARTITIONS),
        describe,
    )
    fact("group is listed", any(listed.group_id == group for listed in list_groups(admin)))
    only(admin.delete_consumer_groups([group]))
    fact("group is listed after its end", any(listed.group_id == group for listed in list_groups(admin)))


def show_static(bootstrap, prefix, protocol):
    topic = group = f"{prefix}-static-{protocol}"
    create_topic(bootstrap, topic, PARTITIONS)
    show_static_member(
        lambda name: GroupMember(
            bootstrap, group, topic, {"group.instance.id": f"{prefix}-{name}", **protocol_config(protocol)}
        ).start(),
        produce_numbers(bootstrap, topic),
    )


def list_groups(admin):
    return admin.list_consumer_groups().result(WAIT_SECONDS_MAX).valid


def protocol_config(protocol):
    if protocol == "consumer":
        return {"group.protocol": "consumer"}
    timing = {"session.timeout.ms": 10_000, "heartbeat.interval.ms": 500}
    return {"partition.assignment.strategy": protocol, **timing}


def produce_numbers(bootstrap, topic):
    def produce(first, count):
        numbers = range(first, first + count)
        produce_values(bootstrap, topic, [(number % PARTITIONS, f"{number}") for number in numbers])

    return produce


class GroupMember(Member):
    def __init__(self, bootstrap, group, topic, config):
        super().__init__()
        self.assignments = 0
        self._consumer = assigned_consumer(bootstrap, [], {"group.id": group, **config})
        self._consumer.subscribe([topic], on_assign=self._on_assign)

    def _on_assign(self, _consumer, _partitions):
        self.assignments += 1

    def poll(self):
        answers = self._consumer.consume(100, 0.1)
        for answer in answers:
            if answer.error() is not None:
                raise KafkaException(answer.error())
        return [int(answer.value()) for answer in answers]

    def commit(self):
        self._consumer.commit(asynchronous=False)

    def assigned(self):
        return [partition.partition for partition in self._consumer.assignment()]

    def close(self):
        self._consumer.close()
