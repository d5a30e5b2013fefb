"""Transactions that are committed, aborted and fenced. kafka-python has them since 2.1."""

from kafka import KafkaProducer, TopicPartition

from report import fact, wait_until
from with_kafka_python.client import code_of, committed_offsets, consumer_of, create_topic, offset_and_metadata, read


def show_transactions(bootstrap, prefix):
    topic, group = f"{prefix}-transactions", f"{prefix}-transactions"
    create_topic(bootstrap, topic, 2)

    def start():
        producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{prefix}-transactional")
        producer.init_transactions()
        return producer

    producer = start()

    def produce(name, count):
        for index in range(count):
            producer.send(topic, f"{name}-{index}".encode(), partition=index % 2)
        producer.flush()

    def send_offset(offset):
        producer.send_offsets_to_transaction({TopicPartition(topic, 0): offset_and_metadata(offset)}, group)

    producer.begin_transaction()
    produce("first", 6)
    producer.commit_transaction()
    producer.begin_transaction()
    produce("aborted", 6)
    producer.abort_transaction()
    producer.begin_transaction()
    produce("second", 6)
    send_offset(7)
    producer.commit_transaction()
    # It does not ask for stable offsets, which a commit reaches a little later than it answers.
    wait_until(lambda: committed_offsets(bootstrap, group, topic, 1) == [7], "the committed offset")
    fact("group's offset after commit", committed_offsets(bootstrap, group, topic, 1))
    producer.begin_transaction()
    send_offset(9)
    producer.abort_transaction()
    fact("group's offset after abort", committed_offsets(bootstrap, group, topic, 1))
    producer.begin_transaction()
    produce("open", 2)
    fact("committed while one is open", values_of(bootstrap, topic, "read_committed", 12))
    producer.commit_transaction()
    fact("committed", values_of(bootstrap, topic, "read_committed", 14))
    fact("all", values_of(bootstrap, topic, "read_uncommitted", 20))
    show_fencing(start, topic, producer)
    fact("committed after fencing", values_of(bootstrap, topic, "read_committed", 15))


def show_fencing(start, topic, producer):
    producer.begin_transaction()
    producer.send(topic, b"fenced", partition=0)
    producer.flush()
    successor = start()
    fact("an older producer is fenced", code_of(producer.commit_transaction) != 0)
    successor.begin_transaction()
    successor.send(topic, b"successor", partition=0)
    successor.commit_transaction()
    successor.close()


def values_of(bootstrap, topic, isolation_level, count):
    consumer = consumer_of(bootstrap, isolation_level=isolation_level)
    consumer.assign([TopicPartition(topic, n) for n in range(2)])
    found = read(consumer, count)
    consumer.close()
    return [[r.value.decode() for r in found if r.partition == n] for n in range(2)]
