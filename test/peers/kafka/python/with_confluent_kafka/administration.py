"""Topics, their configuration, and the start of a partition."""

from confluent_kafka import TopicPartition
from confluent_kafka.admin import ConfigResource, NewPartitions, NewTopic

from report import WAIT_SECONDS_MAX, fact, wait_until
from with_confluent_kafka.client import (
    admin_client,
    assigned_consumer,
    code_of,
    create_topic,
    only,
    partitions_of,
    produce_values,
    topics_of,
)


def show_admin(bootstrap, prefix):
    topic = f"{prefix}-admin"
    admin = admin_client(bootstrap)
    create_topic(bootstrap, topic, 3, {"retention.ms": "3600000"})
    fact("topics after create", topics_of(admin, topic))
    partitions = partitions_of(admin, topic)
    fact("partitions after create", len(partitions))
    fact("every partition has a leader", all(found.leader >= 0 and found.error is None for found in partitions.values()))
    fact("code for the topic again", code_of(lambda: only(admin.create_topics([NewTopic(topic, 3, 1)]))))
    fact("retention.ms as created", config_of(admin, topic, "retention.ms"))
    fact("cleanup.policy", config_of(admin, topic, "cleanup.policy"))
    alter_config(admin, topic)
    wait_until(lambda: config_of(admin, topic, "retention.ms") == "7200000", "the altered configuration")
    fact("retention.ms as altered", config_of(admin, topic, "retention.ms"))
    only(admin.create_partitions([NewPartitions(topic, 5)]))
    wait_until(lambda: len(partitions_of(admin, topic)) == 5, "five partitions")
    fact("partitions after adding", len(partitions_of(admin, topic)))
    fact("code for fewer partitions", code_of(lambda: only(admin.create_partitions([NewPartitions(topic, 2)]))))
    produce_values(bootstrap, topic, [(0, f"{index}") for index in range(10)])
    if hasattr(admin, "delete_records"):
        deleted = only(admin.delete_records([TopicPartition(topic, 0, 4)]))
        fact("low watermark after deleting records", deleted.low_watermark)
        fact("earliest after deleting records", earliest_of(bootstrap, topic))
    if hasattr(admin, "describe_topics"):
        describe_more(admin, topic)
    only(admin.delete_topics([topic]))
    wait_until(lambda: topics_of(admin, topic) == [], "the topic's end")
    fact("topics after delete", topics_of(admin, topic))


def alter_config(admin, topic):
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    if hasattr(admin, "incremental_alter_configs"):
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry

        entry = ConfigEntry("retention.ms", "7200000", incremental_operation=AlterConfigOpType.SET)
        resource.add_incremental_config(entry)
        only(admin.incremental_alter_configs([resource]))
    else:
        resource.set_config("retention.ms", "7200000")
        only(admin.alter_configs([resource]))


def config_of(admin, topic, name):
    return only(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]))[name].value


def describe_more(admin, topic):
    from confluent_kafka import TopicCollection

    described = only(admin.describe_topics(TopicCollection([topic])))
    fact("partitions as described", len(described.partitions))
    cluster = admin.describe_cluster().result(WAIT_SECONDS_MAX)
    fact("cluster has nodes and a controller", len(cluster.nodes) > 0 and cluster.controller is not None)


def earliest_of(bootstrap, topic):
    consumer = assigned_consumer(bootstrap, [])
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=WAIT_SECONDS_MAX)[0]
    finally:
        consumer.close()
