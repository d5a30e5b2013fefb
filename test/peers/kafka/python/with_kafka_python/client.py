"""What all scenarios do with kafka-python, and where 2.0.2 and the current one differ."""

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from report import WAIT_SECONDS_MAX, record, wait_until

IS_OLD = kafka.__version__.startswith("2.0.")


def admin_client(bootstrap, **config):
    return KafkaAdminClient(bootstrap_servers=bootstrap, **config)


def code_of(call):
    try:
        call()
        return 0
    except KafkaError as error:
        return error.errno


def new_topic(topic, partitions, configs=None):
    from kafka.admin import NewTopic

    return NewTopic(topic, partitions, 1, topic_configs=configs or {})


def create_topic(bootstrap, topic, partitions, configs=None):
    admin = admin_client(bootstrap)
    admin.create_topics([new_topic(topic, partitions, configs)])
    wait_until(lambda: partitions_of(admin, topic) == partitions, f"the topic {topic}")
    admin.close()


def leaders_of(admin, topic):
    """The leader of each partition, -1 where there is none; empty where the topic is not."""
    (found,) = admin.describe_topics([topic])
    name = "leader" if IS_OLD else "leader_id"
    return [-1 if partition["error_code"] != 0 else partition[name] for partition in found["partitions"]]


def partitions_of(admin, topic):
    return len(leaders_of(admin, topic))


def topics_of(admin, prefix):
    return sorted(name for name in admin.list_topics() if name.startswith(prefix))


def produce_values(bootstrap, topic, placed, timestamp_of=None, **config):
    """Produces (partition, value) pairs and waits for all answers."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, **config)
    answers = []
    for index, (partition, value) in enumerate(placed):
        timestamp_ms = None if timestamp_of is None else timestamp_of(index)
        answers.append(producer.send(topic, value.encode(), partition=partition, timestamp_ms=timestamp_ms))
    for answer in answers:
        answer.get(WAIT_SECONDS_MAX)
    producer.close()


def consumer_of(bootstrap, **config):
    defaults = {"bootstrap_servers": bootstrap, "enable_auto_commit": False, "auto_offset_reset": "earliest"}
    return KafkaConsumer(**{**defaults, **config})


def polled(consumer, seconds):
    return [found for records in consumer.poll(int(seconds * 1000)).values() for found in records]


def read(consumer, count):
    """Reads `count` records, and whatever else comes within half a second."""
    found = []

    def enough():
        found.extend(polled(consumer, 0.5))
        return len(found) >= count

    wait_until(enough, f"{count} records")
    found.extend(polled(consumer, 0.5))
    return found


def read_back(bootstrap, topic, partitions, count):
    consumer = consumer_of(bootstrap)
    consumer.assign([TopicPartition(topic, n) for n in range(partitions)])
    for found in read(consumer, count):
        timestamp = found.timestamp if found.timestamp_type == 0 else None
        record(found.partition, found.offset, found.key, found.value, found.headers, timestamp)
    consumer.close()


def committed_offsets(bootstrap, group, topic, partitions):
    consumer = consumer_of(bootstrap, group_id=group)
    found = [consumer.committed(TopicPartition(topic, n)) for n in range(partitions)]
    consumer.close()
    return found


def offset_and_metadata(offset):
    from kafka.structs import OffsetAndMetadata

    return OffsetAndMetadata(offset, "") if IS_OLD else OffsetAndMetadata(offset, "", -1)
