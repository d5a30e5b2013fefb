"""Transactions that are committed, aborted and fenced."""

from confluent_kafka import OFFSET_BEGINNING, Producer, TopicPartition

from report import WAIT_SECONDS_MAX, fact
from with_confluent_kafka.client import assigned_consumer, code_of, committed_offsets, create_topic, read


def show_transactions(bootstrap, prefix):
    topic, group = f"{prefix}-transactions", f"{prefix}-transactions"
    create_topic(bootstrap, topic, 2)
    config = {"bootstrap.servers": bootstrap, "transactional.id": f"{prefix}-transactional", "linger.ms": 0}
    producer = Producer(config)
    producer.init_transactions(WAIT_SECONDS_MAX)

    def produce(name, count):
        for index in range(count):
            producer.produce(topic, f"{name}-{index}", partition=index % 2)
        producer.flush(WAIT_SECONDS_MAX)

    def send_offset(offset):
        consumer = assigned_consumer(bootstrap, [], {"group.id": group})
        # A consumer knows its group's coordinator and identity only after a call.
        metadata = consumer.consumer_group_metadata()
        producer.send_offsets_to_transaction([TopicPartition(topic, 0, offset)], metadata, WAIT_SECONDS_MAX)
        consumer.close()

    producer.begin_transaction()
    produce("first", 6)
    producer.commit_transaction(WAIT_SECONDS_MAX)
    producer.begin_transaction()
    produce("aborted", 6)
    producer.abort_transaction(WAIT_SECONDS_MAX)
    producer.begin_transaction()
    produce("second", 6)
    send_offset(7)
    producer.commit_transaction(WAIT_SECONDS_MAX)
    fact("group's offset after commit", committed_offsets(bootstrap, group, topic, 1))
    producer.begin_transaction()
    send_offset(9)
    producer.abort_transaction(WAIT_SECONDS_MAX)
    fact("group's offset after abort", committed_offsets(bootstrap, group, topic, 1))
    producer.begin_transaction()
    produce("open", 2)
    fact("committed while one is open", values_of(bootstrap, topic, "read_committed", 12))
    producer.commit_transaction(WAIT_SECONDS_MAX)
    fact("committed", values_of(bootstrap, topic, "read_committed", 14))
    fact("all", values_of(bootstrap, topic, "read_uncommitted", 20))
    show_fencing(config, topic, producer)
    fact("committed after fencing", values_of(bootstrap, topic, "read_committed", 15))


def show_fencing(config, topic, producer):
    producer.begin_transaction()
    producer.produce(topic, "fenced", partition=0)
    producer.flush(WAIT_SECONDS_MAX)
    successor = Producer(config)
    successor.init_transactions(WAIT_SECONDS_MAX)
    fact("an older producer is fenced", code_of(lambda: producer.commit_transaction(WAIT_SECONDS_MAX)) != 0)
    successor.begin_transaction()
    successor.produce(topic, "successor", partition=0)
    successor.commit_transaction(WAIT_SECONDS_MAX)


def values_of(bootstrap, topic, isolation_level, count):
    partitions = [TopicPartition(topic, n, OFFSET_BEGINNING) for n in range(2)]
    consumer = assigned_consumer(bootstrap, partitions, {"isolation.level": isolation_level})
    found = read(consumer, count)
    consumer.close()
    return [[r.value().decode() for r in found if r.partition() == n] for n in range(2)]
