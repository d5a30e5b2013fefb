"""Topics, their configuration, and the start of a partition."""

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions

from report import fact, wait_until
from with_kafka_python.client import (
    IS_OLD,
    admin_client,
    code_of,
    consumer_of,
    create_topic,
    leaders_of,
    new_topic,
    partitions_of,
    produce_values,
    topics_of,
)


def show_admin(bootstrap, prefix):
    topic = f"{prefix}-admin"
    create_topic(bootstrap, topic, 3, {"retention.ms": "3600000"})
    admin = admin_client(bootstrap)
    fact("topics after create", topics_of(admin, topic))
    fact("partitions after create", partitions_of(admin, topic))
    fact("every partition has a leader", all(leader >= 0 for leader in leaders_of(admin, topic)))
    fact("code for the topic again", code_of(lambda: admin.create_topics([new_topic(topic, 3)])))
    fact("retention.ms as created", config_of(admin, topic, "retention.ms"))
    fact("cleanup.policy", config_of(admin, topic, "cleanup.policy"))
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "7200000"})])
    wait_until(lambda: config_of(admin, topic, "retention.ms") == "7200000", "the altered configuration")
    fact("retention.ms as altered", config_of(admin, topic, "retention.ms"))
    admin.create_partitions({topic: NewPartitions(5)})
    wait_until(lambda: partitions_of(admin, topic) == 5, "five partitions")
    fact("partitions after adding", partitions_of(admin, topic))
    fact("code for fewer partitions", code_of(lambda: admin.create_partitions({topic: NewPartitions(2)})))
    produce_values(bootstrap, topic, [(0, f"{index}") for index in range(10)])
    if not IS_OLD:
        show_more(bootstrap, admin, topic)
    admin.delete_topics([topic])
    wait_until(lambda: topics_of(admin, topic) == [], "the topic's end")
    fact("topics after delete", topics_of(admin, topic))


def config_of(admin, topic, name):
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic)]
    if IS_OLD:
        (answer,) = admin.describe_configs(asked)
        ((code, message, _type, _name, entries),) = answer.resources
        if code != 0:
            raise RuntimeError(f"{code} {message}")
        return next(entry[1] for entry in entries if entry[0] == name)
    return admin.describe_configs(asked, config_filter="all")["topic"][topic][name]["value"]


def show_more(bootstrap, admin, topic):
    partition = TopicPartition(topic, 0)
    fact("low watermark after deleting records", admin.delete_records({partition: 4})[partition]["low_watermark"])
    consumer = consumer_of(bootstrap)
    fact("earliest after deleting records", consumer.beginning_offsets([partition])[partition])
    consumer.close()
    described = admin.describe_topic_partitions([topic])
    fact("partitions as described", len(described["topics"][0]["partitions"]))
    cluster = admin.describe_cluster()
    fact("cluster has nodes and a controller", len(cluster["brokers"]) > 0 and cluster["controller_id"] >= 0)
