"""SASL, over TLS or not."""

from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient, NewTopic

from report import WAIT_SECONDS_MAX, fact, wait_until
from with_confluent_kafka.client import admin_client, only, partitions_of, topics_of

SCRAM_ITERATIONS = 4096


def show_users(bootstrap, _prefix, username, password):
    """Creates a user, by a listener that asks nobody for a password; 2.0.2 has no such call."""
    from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

    admin = admin_client(bootstrap)
    for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        credential = ScramCredentialInfo(mechanism, SCRAM_ITERATIONS)
        only(admin.alter_user_scram_credentials([UserScramCredentialUpsertion(username, credential, password.encode())]))

    def described():
        found = admin.describe_user_scram_credentials([username])[username].result(WAIT_SECONDS_MAX)
        return sorted([info.mechanism.name, info.iterations] for info in found.scram_credential_infos)

    wait_until(lambda: len(described()) == 2, "the user")
    fact("credentials", described())


def show_sasl(bootstrap, prefix, mechanism, username, password, ca_file=None):
    config = {
        "bootstrap.servers": bootstrap,
        "security.protocol": "SASL_PLAINTEXT" if ca_file is None else "SASL_SSL",
        "sasl.mechanism": mechanism,
        "sasl.username": username,
        **({} if ca_file is None else {"ssl.ca.location": ca_file}),
    }
    topic = f"{prefix}-{mechanism}"
    admin = AdminClient({**config, "sasl.password": password})
    only(admin.create_topics([NewTopic(topic, 1, 1)]))
    wait_until(lambda: partitions_of(admin, topic) is not None, f"the topic {topic}")
    fact("topics after login", topics_of(admin, topic))
    refusals = []
    stranger = AdminClient({**config, "sasl.password": f"not {password}", "error_cb": refusals.append})
    wait_until(lambda: stranger.poll(0.1) > 0 or refusals, "the refusal")
    fact("a wrong password is refused", any(error.code() == KafkaError._AUTHENTICATION for error in refusals))
