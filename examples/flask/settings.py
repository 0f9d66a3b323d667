"""What the environment decides. The names are those that `message-flow gateway` reads too."""

import hashlib
import hmac
import os
from pathlib import Path

GATEWAYS = os.environ.get("FLOW_GATEWAY", "http://127.0.0.1:4567").split()
"""Where gateways answer, with spaces between: `http://127.0.0.1:4567`, or `unix:run/gateway-1.sock`."""
DATABASE = os.environ.get("FLOW_DATABASE", "run/notes.db")
"""Where the notes are kept: a SQLite database, made when it is first used."""
INLET = os.environ.get("FLOW_INLET")
"""A ZeroMQ endpoint, such as `ipc:///tmp/message_flow_in`: results go there instead of to POST /publish."""


def read_secret(name: str) -> str:
    """Reads the first line of the file that a variable names. Of several secrets the first signs."""
    path = os.environ.get(name)
    if not path:
        raise SystemExit(f"Cannot start: set {name} to the file that the gateway reads too")
    return Path(path).read_text().split("\n")[0].strip()


SECRET = read_secret("FLOW_SECRET_FILE")
PUBLISH_KEY = read_secret("FLOW_PUBLISH_KEY_FILE")
COOKIE_KEY = hmac.new(SECRET.encode(), b"cookies of the Flask example", hashlib.sha256).digest()
"""Signs Flask's session. A key of its own, so that a cookie is never a token."""
