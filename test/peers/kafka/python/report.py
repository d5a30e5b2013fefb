"""What a program saw, one JSON object per line, and what all programs write (see ../README.md)."""

import json
import sys
import threading
import time

BASE_TIMESTAMP_MS = 1_700_000_000_000
WAIT_SECONDS_MAX = 60
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
RECORDS_PER_CODEC = 20

_lock = threading.Lock()


def fact(name, value):
    _print({"fact": name, "value": value})


def delivered(codec, key, partition, offset):
    _print({"delivered": key, "codec": codec, "partition": partition, "offset": offset})


def record(partition, offset, key, value, headers, timestamp):
    _print(
        {
            "record": {
                "partition": partition,
                "offset": offset,
                "key": _text(key),
                "value": _text(value),
                "headers": {name: _text(content) for name, content in headers or []},
                "timestamp": timestamp,
            }
        }
    )


def value_of(codec, index):
    return (f"{codec} {index} " + "0123456789" * 30)[:300]


def wait_until(condition, what):
    end = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {WAIT_SECONDS_MAX} s for {what}")
        time.sleep(0.05)


def run_scenario(scenarios):
    """Called as `program <bootstrap> <scenario> <prefix> [argument...]`."""
    _, bootstrap, scenario, prefix, *arguments = sys.argv
    scenarios[scenario](bootstrap, prefix, *arguments)
    _print({"done": scenario})


def _text(content):
    return None if content is None else content.decode()


def _print(line):
    with _lock:
        print(json.dumps(line), flush=True)
