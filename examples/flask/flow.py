"""Message Flow for a backend in Python: tokens, where logs end, and sending. Copy this file; it asks for PyJWT only.

What it speaks is in docs/protocol.md: the claims of a token, and the gateway's POST /tops and POST /publish.
"""

import http.client
import json
import logging
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import jwt

EVERYONE = "everyone"
TOKEN_LIFETIME_S = 600
MAX_LOGS = 128
"""Most logs that a token lists."""
ANSWER_WITHIN_S = 3.0
"""How long the gateways may take to answer, all of them together."""
MAX_ENTRY_BYTES = 262_144
"""Most bytes of an entry's data."""
MAX_WAITING = 1_000
"""Most messages that wait for a gateway."""
MAX_PAUSE_S = 5.0

log = logging.getLogger(__name__)


class FlowError(Exception):
    """The gateways gave no good answer; `is_final` says that asking again won't help."""

    def __init__(self, message: str, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def deny(_log: str) -> bool:
    """Lets nobody follow a channel."""
    return False


class Flow:
    """The backend's hand in the ring. Make one for each process; its methods may be called from any thread."""

    def __init__(self, *, secret: str, publish_key: str, gateways: Sequence[str]) -> None:
        """`secret` and `publish_key` are the gateways' own; `gateways` are addresses: `http://…`, or `unix:PATH`."""
        self._secret = secret
        self._publish_key = publish_key
        self._gateways = gateways
        self._waiting: queue.Queue[str] = queue.Queue(MAX_WAITING)
        self._sending: threading.Thread | None = None
        self._lock = threading.Lock()

    def answer_token_request(
        self, user: str | None, body: Any, issued_at: float, may_follow: Callable[[str], bool] = deny
    ) -> tuple[dict[str, Any], int]:
        """Answers POST /flow/token: a token, where each of its logs goes on from, and the status.

        `user` is who is signed in, None for nobody; `body` the parsed JSON, None when there is none; `may_follow` says
        yes to the channels and stores that this user may follow. Take `issued_at`, `time.time()`, before asking who is signed
        in: a revocation that comes between refuses the token then.
        """
        if user is None:
            return refuse("signed-out"), 401
        asked = body.get("logs", []) if isinstance(body, dict) else None
        if not isinstance(asked, list) or not all(isinstance(name, str) for name in asked):
            return refuse("invalid-request"), 400
        if len(asked) > MAX_LOGS:
            return refuse("too-large"), 413
        own = [user_log(user), EVERYONE]
        others = [name for name in dict.fromkeys(asked) if name not in own]
        allowed = [name for name in others if may_follow(name)]
        try:
            at = self.read_tops([*own, *allowed])
        except FlowError as error:
            log.warning("%s", error)
            return refuse("unavailable"), 503
        token = self.create_token(user, allowed, issued_at)
        return {
            "token": token,
            "user": user,
            "at": at,
            "refused": [name for name in others if name not in allowed],
        }, 200

    def create_token(self, user: str, logs: Sequence[str], issued_at: float) -> str:
        """Makes a token that lets `user` follow their own log, everyone's, and `logs`."""
        claims = {
            "aud": "message-flow",
            "sub": user,
            "jti": str(uuid.uuid4()),
            "iat": issued_at,
            "exp": issued_at + TOKEN_LIFETIME_S,
            "logs": list(logs),
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def read_tops(self, logs: Sequence[str]) -> dict[str, str]:
        """Says where each log ends now, so that what is sent from here on reaches the page that gets the token.

        Raises FlowError when no gateway answers.
        """
        at = self._ask("/tops", json.dumps({"logs": logs})).get("at")
        if not isinstance(at, dict):
            raise FlowError("Cannot read where logs end: the answer is not a gateway's")
        return at

    def send(self, user: str, event: str, data: Any, key: str | None = None) -> None:
        """Sends to all tabs and devices of a user, in the order of the calls. Returns at once and never waits.

        A message waits in this process until a gateway has stored it, and is said again with its key, so that it
        arrives once. When `MAX_WAITING` do, the new one is dropped, and that is logged. Raises TypeError or
        ValueError when `data` is no JSON.
        """
        self._say({"user": user, "id": event, "data": data, "key": key or str(uuid.uuid4())})

    def tell(self, log: str, event: str, data: Any, key: str) -> None:
        """Sends to whoever follows a log, `channel/…` or `store/…`, its name whole and encoded; else as `send`."""
        self._say({"log": log, "id": event, "data": data, "key": key})

    def _say(self, message: dict[str, Any]) -> None:
        body = json.dumps(message, allow_nan=False)
        try:
            self._waiting.put_nowait(body)
        except queue.Full:
            log.error("Dropped a message %r: %d wait for a gateway", message["id"], MAX_WAITING)
        with self._lock:
            # Not at import, and looked at each time: a server that forks leaves the thread behind.
            if self._sending is None or not self._sending.is_alive():
                self._sending = threading.Thread(target=self._send_waiting, daemon=True)
                self._sending.start()

    @property
    def waiting(self) -> int:
        """How many messages are not stored yet."""
        return self._waiting.unfinished_tasks

    def _send_waiting(self) -> None:
        while True:
            body = self._waiting.get()
            pause_s = 0.1
            while not self._is_settled(body):
                time.sleep(pause_s)
                pause_s = min(pause_s * 2, MAX_PAUSE_S)
            self._waiting.task_done()

    def _is_settled(self, body: str) -> bool:
        """Publishes once. True when the message is stored, or never will be."""
        try:
            answer = self._ask("/publish", body)
            if "at" not in answer:
                fault = answer.get("error")
                is_refused = isinstance(fault, dict) and fault.get("code") == "refused"
                raise FlowError(f"Cannot publish: {fault}", is_final=is_refused)
        except FlowError as error:
            log.warning("%s; it is %s", error, "dropped" if error.is_final else "said again")
            return error.is_final
        return True

    def _ask(self, route: str, body: str) -> dict[str, Any]:
        """Asks one gateway after another until one answers; what was published twice has the same key twice."""
        end = time.monotonic() + ANSWER_WITHIN_S
        fault = "there is none"
        for tried, gateway in enumerate(self._gateways):
            timeout = max(0.1, (end - time.monotonic()) / (len(self._gateways) - tried))
            try:
                status, text = self._post(gateway, route, body, timeout)
                answer = json.loads(text)
                if status == 200 and isinstance(answer, dict):
                    return answer
                fault = f"{gateway} answered {status} {text[:200]!r}"
                if status in (400, 413):
                    raise FlowError(f"Cannot ask for {route}: {fault}", is_final=True)
            except (OSError, http.client.HTTPException, ValueError) as error:
                fault = f"{gateway}: {error!r}"
        raise FlowError(f"Cannot ask a gateway for {route}: {fault}")

    def _post(self, gateway: str, route: str, body: str, timeout: float) -> tuple[int, str]:
        url = urlsplit(gateway)
        connection = (
            UnixConnection(url.path, timeout)
            if url.scheme == "unix"
            else http.client.HTTPConnection(url.netloc, timeout=timeout)
        )
        headers = {"Authorization": f"Bearer {self._publish_key}", "Content-Type": "application/json"}
        prefix = "" if url.scheme == "unix" else url.path.rstrip("/")
        try:
            connection.request("POST", prefix + route, body.encode(), headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


def user_log(user: str) -> str:
    """Names a user's log. Raises ValueError for what names no user."""
    name = f"user/{quote(user, safe='')}"
    if user in ("", "*") or len(name) > 200:
        raise ValueError(f"Cannot name a log for the user {user!r}")
    return name


def is_same_origin(get_header: Callable[[str], str | None], host: str) -> bool:
    """True unless a browser says that another site's page asks: cookies travel with its requests too."""
    site = get_header("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = get_header("Origin")
    try:
        return origin is None or urlsplit(origin).netloc == host
    except ValueError:
        return False


def refuse(code: str) -> dict[str, Any]:
    """Says why a request is not served, as the routes of Message Flow do."""
    return {"error": {"code": code, "message": f"Cannot answer: {code}"}}
