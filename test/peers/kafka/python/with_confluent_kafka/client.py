"""What all scenarios do with confluent-kafka."""

from confluent_kafka import Consumer, KafkaException, OFFSET_BEGINNING, Producer, TIMESTAMP_CREATE_TIME, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from report import WAIT_SECONDS_MAX, record, wait_until


def admin_client(bootstrap):
    return AdminClient({"bootstrap.servers": bootstrap})


def only(futures):
    """The result of the only future of a call."""
    (future,) = futures.values()
    return future.result(WAIT_SECONDS_MAX)


def code_of(call):
    try:
        call()
        return 0
    except KafkaException as error:
        return error.args[0].code()


def create_topic(bootstrap, topic, partitions, config=None):
    admin = admin_client(bootstrap)
    only(admin.create_topics([NewTopic(topic, partitions, 1, config=config or {})]))
    wait_until(lambda: partitions_of(admin, topic) is not None, f"the topic {topic}")


def partitions_of(admin, topic):
    found = admin.list_topics(topic, timeout=WAIT_SECONDS_MAX).topics[topic]
    return found.partitions if found.error is None else None


def topics_of(admin, prefix):
    return sorted(name for name in admin.list_topics(timeout=WAIT_SECONDS_MAX).topics if name.startswith(prefix))


def produce_values(bootstrap, topic, placed, config=None, timestamp_of=None):
    """Produces (partition, value) pairs and waits for all answers."""
    producer = Producer({"bootstrap.servers": bootstrap, **(config or {})})
    failures = []
    for index, (partition, value) in enumerate(placed):
        timestamp = {} if timestamp_of is None else {"timestamp": timestamp_of(index)}
        on_delivery = lambda error, _: failures.append(str(error)) if error is not None else None
        producer.produce(topic, value, partition=partition, on_delivery=on_delivery, **timestamp)
    left = producer.flush(WAIT_SECONDS_MAX)
    if left > 0 or failures:
        raise RuntimeError(f"{left} records were not answered, failed: {failures[:3]}")


def assigned_consumer(bootstrap, partitions, config=None):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "unused",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            **(config or {}),
        }
    )
    if partitions:
        consumer.assign(partitions)
    return consumer


def read(consumer, count):
    """Reads `count` records, and whatever else comes within half a second."""
    found = []

    def poll(seconds):
        answers = consumer.consume(1000, seconds)
        for answer in answers:
            if answer.error() is not None:
                raise KafkaException(answer.error())
        found.extend(answers)
        return len(found) >= count

    wait_until(lambda: poll(0.5), f"{count} records")
    poll(0.5)
    return found


def read_back(bootstrap, topic, partitions, count):
    consumer = assigned_consumer(bootstrap, [TopicPartition(topic, n, OFFSET_BEGINNING) for n in range(partitions)])
    for found in read(consumer, count):
        kind, timestamp = found.timestamp()
        timestamp = timestamp if kind == TIMESTAMP_CREATE_TIME else None
        record(found.partition(), found.offset(), found.key(), found.value(), found.headers(), timestamp)
    consumer.close()


def committed_offsets(bootstrap, group, topic, partitions):
    consumer = assigned_consumer(bootstrap, [], {"group.id": group})
    found = consumer.committed([TopicPartition(topic, n) for n in range(partitions)], timeout=WAIT_SECONDS_MAX)
    consumer.close()
    return [partition.offset for partition in found]
