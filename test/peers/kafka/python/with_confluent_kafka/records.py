"""Records with every codec, idempotent producers, and offsets by time."""

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition

from report import BASE_TIMESTAMP_MS, CODECS, RECORDS_PER_CODEC, WAIT_SECONDS_MAX, delivered, fact, value_of
from with_confluent_kafka.client import admin_client, assigned_consumer, create_topic, only, produce_values, read, read_back


def show_codecs(bootstrap, prefix):
    topic = f"{prefix}-codecs"
    create_topic(bootstrap, topic, 3)

    def told(codec):
        def on_delivery(error, answer):
            if error is not None:
                raise KafkaException(error)
            delivered(codec, (answer.key() or b"").decode(), answer.partition(), answer.offset())

        return on_delivery

    for codec in CODECS:
        producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "linger.ms": 50})
        for index in range(RECORDS_PER_CODEC):
            producer.produce(
                topic,
                value_of(codec, index),
                key=f"{codec}-{index}",
                headers={"codec": codec},
                timestamp=BASE_TIMESTAMP_MS + index,
                on_delivery=told(codec),
            )
        producer.flush(WAIT_SECONDS_MAX)
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(topic, None, key="tombstone", timestamp=BASE_TIMESTAMP_MS, on_delivery=told("none"))
    producer.produce(topic, b"", partition=0, timestamp=BASE_TIMESTAMP_MS, on_delivery=told("none"))
    producer.flush(WAIT_SECONDS_MAX)
    read_back(bootstrap, topic, 3, len(CODECS) * RECORDS_PER_CODEC + 2)


def show_idempotent(bootstrap, prefix):
    topic = f"{prefix}-idempotent"
    create_topic(bootstrap, topic, 1)
    config = {"enable.idempotence": True, "batch.num.messages": 10, "linger.ms": 0}
    produce_values(bootstrap, topic, [(0, f"{index}") for index in range(500)], config)
    read_back(bootstrap, topic, 1, 500)


def show_time(bootstrap, prefix):
    topic = group = f"{prefix}-time"
    create_topic(bootstrap, topic, 2)
    values = [(0, f"{index}") for index in range(10)]
    produce_values(bootstrap, topic, values, timestamp_of=lambda index: BASE_TIMESTAMP_MS + index * 1000)
    consumer = assigned_consumer(bootstrap, [])

    def offset_at(ms, partition=0):
        asked = [TopicPartition(topic, partition, BASE_TIMESTAMP_MS + ms)]
        (found,) = consumer.offsets_for_times(asked, timeout=WAIT_SECONDS_MAX)
        return found.offset if found.offset >= 0 else None

    fact("offset at 3.5 s", offset_at(3_500))
    fact("offset at 4 s", offset_at(4_000))
    fact("offset before all", offset_at(-1))
    fact("offset after all", offset_at(3_600_000))
    fact("offset in an empty partition", offset_at(0, 1))
    fact("watermarks", list(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=WAIT_SECONDS_MAX)))
    consumer.assign([TopicPartition(topic, 0, offset_at(3_500))])
    fact("read from 3.5 s on", [found.value().decode() for found in read(consumer, 6)])
    consumer.close()
    admin = admin_client(bootstrap)
    reset = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 4), TopicPartition(topic, 1, 0)])
    only(admin.alter_consumer_group_offsets([reset]))
    member = assigned_consumer(bootstrap, [], {"group.id": group})
    member.subscribe([topic])
    fact("read by the group after its reset", [found.value().decode() for found in read(member, 6)])
    member.close()
    if hasattr(admin, "list_offsets"):
        show_listed_offsets(admin, topic)


def show_listed_offsets(admin, topic):
    from confluent_kafka import IsolationLevel
    from confluent_kafka.admin import OffsetSpec

    asked = {
        "earliest": OffsetSpec.earliest(),
        "latest": OffsetSpec.latest(),
        "largest timestamp": OffsetSpec.max_timestamp(),
        "3.5 s": OffsetSpec.for_timestamp(BASE_TIMESTAMP_MS + 3_500),
    }
    found = {
        name: only(admin.list_offsets({TopicPartition(topic, 0): spec}, isolation_level=IsolationLevel.READ_COMMITTED))
        for name, spec in asked.items()
    }
    fact("offsets as listed", {name: answer.offset for name, answer in found.items()})
