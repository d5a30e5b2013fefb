"""What confluent-kafka (librdkafka 2.0.2 and later) sees of a broker."""

from report import run_scenario
from with_confluent_kafka.administration import show_admin
from with_confluent_kafka.groups import show_group, show_static
from with_confluent_kafka.login import show_sasl, show_users
from with_confluent_kafka.records import show_codecs, show_idempotent, show_time
from with_confluent_kafka.transactions import show_transactions

run_scenario(
    {
        "admin": show_admin,
        "codecs": show_codecs,
        "idempotent": show_idempotent,
        "transactions": show_transactions,
        "group": show_group,
        "static": show_static,
        "time": show_time,
        "sasl": show_sasl,
        "users": show_users,
    }
)
