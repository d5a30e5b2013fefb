"""What kafka-python (2.0.2 and the current one) sees of a broker."""

from report import run_scenario
from with_kafka_python.administration import show_admin
from with_kafka_python.client import IS_OLD
from with_kafka_python.groups import show_group, show_static
from with_kafka_python.login import show_sasl
from with_kafka_python.records import show_codecs, show_idempotent, show_time

scenarios = {
    "admin": show_admin,
    "codecs": show_codecs,
    "group": show_group,
    "time": show_time,
    "sasl": show_sasl,
}

if not IS_OLD:
    from with_kafka_python.transactions import show_transactions

    scenarios |= {"idempotent": show_idempotent, "transactions": show_transactions, "static": show_static}

run_scenario(scenarios)
