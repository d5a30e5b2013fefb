"""What the scenarios share: the server, clients of it, and what is written down (see ../../README.md)."""

import json
import logging
import os
import socket
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry

WAIT_SECONDS_MAX = 40
SESSION_SECONDS = 4.0

_lock = threading.Lock()


def fact(name, value):
    with _lock:
        print(json.dumps({"fact": name, "value": value}), flush=True)


def wait_until(condition, what):
    end = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {WAIT_SECONDS_MAX} s for {what}")
        time.sleep(0.02)


def error_of(call, *args, **options):
    """The name of what a call raises, `None` where it raises nothing."""
    try:
        call(*args, **options)
    except Exception as error:
        return type(error).__name__
    return None


class Peer:
    def __init__(self, address, root, direct, control):
        self.address = address
        self.root = root
        self.direct = direct
        self._control = control
        self._clients = []
        with self.client() as zk:
            zk.ensure_path(root)

    def client(self, direct=False, chroot="", **options):
        """A client that has a session. Its states are kept in `states`, from the first connection on."""
        authority = os.environ.get("STREAMKEEPER_PEER_CA")
        tls = {} if authority is None else {"use_ssl": True, "verify_certs": True, "ca": authority}
        retry = {"max_delay": 0.3, "delay": 0.05}
        zk = _Client(
            hosts=(self.direct if direct else self.address) + chroot,
            connection_retry=KazooRetry(max_tries=-1, **retry),
            command_retry=KazooRetry(max_tries=-1, **retry),
            **{"timeout": SESSION_SECONDS, **tls, **options},
        )
        self._clients.append(zk)
        zk.start(timeout=WAIT_SECONDS_MAX)
        return zk

    def order(self, what):
        """Cuts, refuses, silences or heals what is between the clients and the server, or restarts the server."""
        host, port = self._control.split(":")
        with socket.create_connection((host, int(port)), timeout=90) as connection:
            connection.sendall(f"{what}\n".encode())
            answer = connection.makefile().readline().strip()
        if answer != "done":
            raise RuntimeError(f"{what}: {answer}")

    def end_session_of(self, zk):
        """Somebody who knows the session's password closes it, while its owner cannot reach the server."""
        session = zk.client_id
        self.order("refuse")
        wait_until(lambda: zk.states[-1] == "SUSPENDED", "the disconnect")
        self.client(direct=True, client_id=session).stop()
        self.order("heal")

    def close(self):
        for zk in self._clients:
            zk.stop()
            zk.close()


class _Client(KazooClient):
    def __init__(self, **options):
        super().__init__(**options)
        self.states = []
        self.add_listener(lambda state: self.states.append(str(state)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Thread(threading.Thread):
    """Whose end says what became of it."""

    def __init__(self, target, *args):
        super().__init__(daemon=True)
        self._call = (target, args)
        self.result = None
        self.error = None
        self.start()

    def run(self):
        target, args = self._call
        try:
            self.result = target(*args)
        except Exception as error:
            self.error = type(error).__name__

    def end(self):
        self.join(WAIT_SECONDS_MAX)
        if self.is_alive():
            raise TimeoutError("a thread does not end")
        return self.result if self.error is None else self.error


def run(scenarios):
    """Called as `program <address> <scenario> <root> <direct address> <control address>`."""
    # It says each time that it could not connect.
    logging.getLogger("kazoo").setLevel(logging.ERROR)
    _, address, scenario, root, direct, control = sys.argv
    peer = Peer(address, root, direct, control)
    scenarios[scenario](peer)
    peer.close()
    print(json.dumps({"done": scenario}), flush=True)
