"""A Flask app with Message Flow: answers at once, and says the result over the WebSocket when it is there.

Start: waitress-serve --unix-socket=run/flask_app.sock flask_app:app
"""

import base64
import hashlib
import random
import re
import threading
import time
import uuid
from pathlib import Path

from flask import Flask, Response, redirect, request, send_from_directory, session
from flask.typing import ResponseReturnValue

import settings
from bus import Bus
from flow import Flow, is_same_origin, refuse
from store import Refusal, Store

HERE = Path(__file__).parent
PAGE = HERE.parent / "minimal"
MODULES = HERE.parent.parent / "node_modules" / "message-flow" / "dist"
"""The client as it was installed. nginx may serve it as well."""
OPEN_LOGS = {"channel/lobby", "store/notes"}
MAX_NOTE_CHARS = 200

app = Flask(__name__)
app.config.update(
    SECRET_KEY=settings.COOKIE_KEY,
    SESSION_COOKIE_SAMESITE="Lax",
    MAX_CONTENT_LENGTH=65_536,
)
flow = Flow(secret=settings.SECRET, publish_key=settings.PUBLISH_KEY, gateways=settings.GATEWAYS)
bus = Bus(settings.INLET) if settings.INLET else None


def add_note(state: dict[str, dict[str, str]], note: dict[str, str]) -> None:
    """Adds a note, or says why not: what a page sends may be anything."""
    if not isinstance(note["id"], str) or not isinstance(note["text"], str) or not 0 < len(note["text"]) <= MAX_NOTE_CHARS:
        raise Refusal("A note has an id and 1 to 200 characters")
    state["notes"][note["id"]] = note["text"]


def remove_note(state: dict[str, dict[str, str]], note: dict[str, str]) -> None:
    """Removes a note, if it is there."""
    state["notes"].pop(note["id"], None)


notes = Store(flow, "store/notes", settings.DATABASE, {"notes": {}}, {"add": add_note, "remove": remove_note})


@app.post("/flow/token")
def create_token() -> ResponseReturnValue:
    """Lets the page in, and into the channels that it may follow."""
    issued_at = time.time()
    refused = find_refusal()
    if refused:
        return refused
    return flow.answer_token_request(session.get("user"), request.get_json(silent=True), issued_at, may_follow)


@app.post("/flow/snapshot")
def read_notes() -> ResponseReturnValue:
    """Gives the state of a store, and where to follow it from."""
    return find_refusal() or notes.answer_snapshot(session.get("user"), request.get_json(silent=True), may_act)


@app.post("/flow/actions")
def change_notes() -> ResponseReturnValue:
    """Runs actions on a store."""
    return find_refusal() or notes.answer_actions(session.get("user"), request.get_json(silent=True), may_act)


def find_refusal() -> ResponseReturnValue | None:
    """Refuses other sites and forms: cookies travel with their requests too."""
    if not is_same_origin(request.headers.get, request.host):
        return refuse("cross-site"), 403
    return None if request.mimetype == "application/json" else (refuse("not-json"), 415)


def may_act(_action: str | None) -> bool:
    """Decides who may read the notes, and change them. Yours asks your database for who is signed in."""
    return True


@app.get("/socket_auth_token")
def get_bare_token() -> ResponseReturnValue:
    """The endpoint of 2016: the token as text."""
    issued_at = time.time()
    if not is_same_origin(request.headers.get, request.host):
        return refuse("cross-site"), 403
    if "user" not in session:
        return refuse("signed-out"), 401
    return Response(flow.create_token(session["user"], [], issued_at), mimetype="text/plain")


@app.post("/send")
def take_message() -> ResponseReturnValue:
    """Answers at once; the work takes 2 to 3 seconds."""
    user = session.get("user")
    body = request.get_json(silent=True)
    if not is_same_origin(request.headers.get, request.host):
        return refuse("cross-site"), 403
    if user is None:
        return refuse("signed-out"), 401
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return {"status": "ERROR", "data": "No message submitted"}, 400
    threading.Thread(target=work, args=(user, body["message"], str(uuid.uuid4())), daemon=True).start()
    return {"status": "OK", "data": "Message submitted for processing"}


def work(user: str, message: str, job: str) -> None:
    """The long task. The job's name is the message's key: said twice, it arrives once."""
    wait_s = 2 + random.random()
    time.sleep(wait_s)
    result = f'Message processed, "{message}" in {wait_s:.2f} seconds'
    if bus:
        bus.send(user, "TASK DONE", result)
    else:
        flow.send(user, "TASK DONE", result, key=job)


def may_follow(log: str) -> bool:
    """Decides which channels and stores may be followed. Yours asks your database for who is signed in; else nobody may."""
    return log in OPEN_LOGS


@app.get("/")
def show_page() -> ResponseReturnValue:
    """The minimal example's page; a form for a name before it."""
    if "user" not in session:
        return send_from_directory(HERE, "sign-in.html")
    return send_from_directory(PAGE, "index.html")


@app.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """A sign-in for show: a name, and no password."""
    name = request.form.get("name", "").strip()
    if re.fullmatch(r"[\w .-]{1,40}", name, re.ASCII):
        session["user"] = name
    return redirect("/", 303)


@app.get("/page.js")
def send_script() -> ResponseReturnValue:
    """The page's script."""
    return send_from_directory(PAGE, "page.js")


@app.get("/message-flow/<any(client, contract, protocol):folder>/<path:name>")
def send_module(folder: str, name: str) -> ResponseReturnValue:
    """A module of the client; they import one another by relative paths."""
    return send_from_directory(MODULES / folder, name)


@app.after_request
def protect(response: Response) -> Response:
    """Keeps answers out of caches, and lets a page run its own files and its import map only."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def hash_import_map(page: str) -> str:
    """Names the page's import map as its policy must: no browser takes one from a file of its own."""
    found = re.search(r'<script type="importmap">(.*?)</script>', page, re.DOTALL)
    return base64.b64encode(hashlib.sha256(found[1].encode() if found else b"").digest()).decode()


POLICY = (
    f"default-src 'none'; script-src 'self' 'sha256-{hash_import_map((PAGE / 'index.html').read_text())}'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
