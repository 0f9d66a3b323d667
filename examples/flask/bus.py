"""The way of 2016: a message is one line on a ZeroMQ socket, `0 ` and JSON."""

import json
import threading
from typing import Any

import zmq


class Bus:
    """Publishes to the inlet that `message-flow proxy --xsub ENDPOINT` opens."""

    def __init__(self, endpoint: str) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(endpoint)
        self._lock = threading.Lock()  # a ZeroMQ socket is for one thread at a time

    def send(self, user: str, event: str, data: Any) -> None:
        """Sends to a user. What is said while nobody listens is lost: the price of one line."""
        with self._lock:
            self._socket.send_string("0 " + json.dumps({"username": user, "id": event, "data": data}))
