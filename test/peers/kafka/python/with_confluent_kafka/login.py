"""SASL."""

import threading

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from report import fact, wait_until
from with_confluent_kafka.client import only, partitions_of, topics_of


def show_sasl(bootstrap, prefix, mechanism, username, password):
    config = {
        "bootstrap.servers": bootstrap,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": mechanism,
        "sasl.username": username,
    }
    topic = f"{prefix}-sasl"
    admin = AdminClient({**config, "sasl.password": password})
    only(admin.create_topics([NewTopic(topic, 1, 1)]))
    wait_until(lambda: partitions_of(admin, topic) is not None, f"the topic {topic}")
    fact("topics after login", topics_of(admin, topic))
    refused = threading.Event()
    stranger = AdminClient({**config, "sasl.password": f"not {password}", "error_cb": lambda _: refused.set()})
    try:
        stranger.list_topics(timeout=5)
        fact("a wrong password is refused", False)
    except KafkaException:
        fact("a wrong password is refused", refused.is_set())
