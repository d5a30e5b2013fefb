"""Records with every codec, idempotent producers, and offsets by time."""

from kafka import KafkaProducer, TopicPartition

from report import BASE_TIMESTAMP_MS, CODECS, RECORDS_PER_CODEC, WAIT_SECONDS_MAX, delivered, fact, value_of, wait_until
from with_kafka_python.client import (
    IS_OLD,
    admin_client,
    code_of,
    consumer_of,
    create_topic,
    offset_and_metadata,
    produce_values,
    read,
    read_back,
)


def show_codecs(bootstrap, prefix):
    topic = f"{prefix}-codecs"
    create_topic(bootstrap, topic, 3)

    def tell(codec, key, answer):
        metadata = answer.get(WAIT_SECONDS_MAX)
        delivered(codec, key, metadata.partition, metadata.offset)

    for codec in CODECS:
        config = {} if codec == "none" else {"compression_type": codec}
        producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=50, **config)
        answers = {}
        for index in range(RECORDS_PER_CODEC):
            key = f"{codec}-{index}"
            headers = [("codec", codec.encode())]
            value = value_of(codec, index).encode()
            answers[key] = producer.send(
                topic, value, key=key.encode(), headers=headers, timestamp_ms=BASE_TIMESTAMP_MS + index
            )
        for key, answer in answers.items():
            tell(codec, key, answer)
        producer.close()
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    tell("none", "tombstone", producer.send(topic, None, key=b"tombstone", timestamp_ms=BASE_TIMESTAMP_MS))
    tell("none", "", producer.send(topic, b"", partition=0, timestamp_ms=BASE_TIMESTAMP_MS))
    producer.close()
    read_back(bootstrap, topic, 3, len(CODECS) * RECORDS_PER_CODEC + 2)


def show_idempotent(bootstrap, prefix):
    topic = f"{prefix}-idempotent"
    create_topic(bootstrap, topic, 1)
    values = [(0, f"{index}") for index in range(500)]
    produce_values(bootstrap, topic, values, enable_idempotence=True, batch_size=512)
    read_back(bootstrap, topic, 1, 500)


def show_time(bootstrap, prefix):
    topic = group = f"{prefix}-time"
    create_topic(bootstrap, topic, 2)
    values = [(0, f"{index}") for index in range(10)]
    produce_values(bootstrap, topic, values, timestamp_of=lambda index: BASE_TIMESTAMP_MS + index * 1000)
    consumer = consumer_of(bootstrap)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)

    def offset_at(ms, partition=first):
        found = consumer.offsets_for_times({partition: BASE_TIMESTAMP_MS + ms})[partition]
        return None if found is None else found.offset

    fact("offset at 3.5 s", offset_at(3_500))
    fact("offset at 4 s", offset_at(4_000))
    fact("offset before all", offset_at(-1))
    fact("offset after all", offset_at(3_600_000))
    fact("offset in an empty partition", offset_at(0, second))
    fact("watermarks", [consumer.beginning_offsets([first])[first], consumer.end_offsets([first])[first]])
    consumer.assign([first])
    consumer.seek(first, offset_at(3_500))
    fact("read from 3.5 s on", [found.value.decode() for found in read(consumer, 6)])
    consumer.close()
    reset_group(bootstrap, group, first, second)
    member = consumer_of(bootstrap, group_id=group)
    member.subscribe([topic])
    fact("read by the group after its reset", [found.value.decode() for found in read(member, 6)])
    member.close()


def reset_group(bootstrap, group, first, second):
    if IS_OLD:
        outsider = consumer_of(bootstrap, group_id=group)
        outsider.assign([first, second])
        outsider.commit({first: offset_and_metadata(4), second: offset_and_metadata(0)})
        outsider.close()
        return
    from kafka.admin import OffsetSpec, OffsetTimestamp

    admin = admin_client(bootstrap)
    # It does not ask again for a coordinator that Kafka is still starting.
    wait_until(lambda: code_of(lambda: admin.list_group_offsets(group)) == 0, "the group's coordinator")
    specs = {first: OffsetTimestamp(BASE_TIMESTAMP_MS + 3_500), second: OffsetSpec.LATEST}
    reset = admin.reset_group_offsets(group, specs)
    fact("offsets of the reset", [reset[first]["offset"], reset[second]["offset"]])
    listed = {
        name: admin.list_partition_offsets({first: spec})[first].offset
        for name, spec in {
            "earliest": OffsetSpec.EARLIEST,
            "latest": OffsetSpec.LATEST,
            "largest timestamp": OffsetSpec.MAX_TIMESTAMP,
            "3.5 s": BASE_TIMESTAMP_MS + 3_500,
        }.items()
    }
    fact("offsets as listed", listed)
    admin.close()
