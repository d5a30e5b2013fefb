"""SASL, over TLS or not."""

from kafka.errors import KafkaError

from report import fact, wait_until
from with_kafka_python.client import IS_OLD, admin_client, new_topic, partitions_of, topics_of


def show_sasl(bootstrap, prefix, mechanism, username, password, ca_file=None):
    topic = f"{prefix}-{mechanism}"
    config = {
        "security_protocol": "SASL_PLAINTEXT" if ca_file is None else "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": username,
        "ssl_cafile": ca_file,
    }
    admin = admin_client(bootstrap, **config, sasl_plain_password=password)
    admin.create_topics([new_topic(topic, 1)])
    wait_until(lambda: partitions_of(admin, topic) == 1, f"the topic {topic}")
    fact("topics after login", topics_of(admin, topic))
    # The current one tries again for as long as it may take to find a broker.
    limit = {} if IS_OLD else {"bootstrap_timeout_ms": 3_000}
    try:
        topics_of(admin_client(bootstrap, **config, **limit, sasl_plain_password=f"not {password}"), topic)
        fact("a wrong password is refused", False)
    except KafkaError:
        fact("a wrong password is refused", True)
