"""A store for a backend in Python: state in SQLite that pages follow and change. Copy this file beside flow.py.

What it speaks is in docs/protocol.md under "Stores": POST /flow/snapshot, POST /flow/actions, and the entries of the store's log.
"""

import copy
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from flow import MAX_ENTRY_BYTES, Flow, FlowError, log, refuse

MAX_ACTIONS = 50
"""Most actions in a request, and the most that a state remembers."""
MAX_ID_LENGTH = 64
BUSY_TIMEOUT_S = 5.0

Reducer = Callable[[Any, Any], None]
"""Alters a state by an input. Whatever it raises refuses the action; Refusal says so."""
May = Callable[[str | None], bool]
"""Says yes to an action by its name; to reading, with None."""
Answer = tuple[dict[str, Any], int]


class Refusal(Exception):
    """A reducer's word that an action can't be done on this state."""


class Store:
    """One store. Its methods may be called from any thread, and from any number of processes of one machine."""

    def __init__(self, flow: Flow, name: str, path: str, empty: Any, reducers: Mapping[str, Reducer]) -> None:
        """`name` is the whole name of its log, `store/…`; `path` the database's; `empty` the state before the first save."""
        self._flow = flow
        self._name = name
        self._path = path
        self._empty = empty
        self._reducers = reducers

    def answer_snapshot(self, user: str | None, body: Any, may: May) -> Answer:
        """Answers POST /flow/snapshot."""
        refused = self._check(user, body, may)
        if refused:
            return refused
        try:
            at = self._flow.read_tops([self._name])[self._name]  # before the state: what is saved after it comes after it
            with closing(self._open()) as database:
                version, state, recent = self._load(database)
        except (FlowError, sqlite3.Error) as error:
            log.warning("%s", error)
            return refuse("unavailable"), 503
        return {"state": state, "version": version, "at": at, "recent": recent}, 200

    def answer_actions(self, user: str | None, body: Any, may: May) -> Answer:
        """Answers POST /flow/actions: runs them, saves once, and tells followers."""
        refused = self._check(user, body, may)
        if refused:
            return refused
        if body.get("user") not in (None, user):
            return refuse("user-changed"), 409
        actions = body.get("actions")
        if not isinstance(actions, list) or not 1 <= len(actions) <= MAX_ACTIONS or not all(map(is_action, actions)):
            return refuse("invalid-request"), 400
        try:
            with closing(self._open()) as database, database:
                # Nobody else writes until the end of this transaction, so that no save comes too late.
                database.execute("BEGIN IMMEDIATE")
                answers, news = self._act(database, actions, may)
        except sqlite3.Error as error:
            log.warning("%s", error)
            return refuse("unavailable"), 503
        if news:
            if len(json.dumps(news, allow_nan=False).encode()) > MAX_ENTRY_BYTES:
                news = {"from": None, "to": news["to"]}
            self._flow.tell(self._name, "store", news, key=str(news["to"]))
        return {"answers": answers}, 200

    def _check(self, user: str | None, body: Any, may: May) -> Answer | None:
        if user is None:
            return refuse("signed-out"), 401
        if not isinstance(body, dict) or not isinstance(body.get("log"), str):
            return refuse("invalid-request"), 400
        if body["log"] != self._name or not may(None):
            return refuse("not-allowed"), 403
        return None

    def _act(
        self, database: sqlite3.Connection, actions: list[dict[str, Any]], may: May
    ) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        """Runs actions and saves. Gives their answers, and what followers are told."""
        version, before, recent = self._load(database)
        state, known, applied, is_said_again = before, {one["id"]: one["version"] for one in recent}, [], False
        answers: list[dict[str, Any]] = []
        for action in actions:
            name, since = action["name"], action.get("since")
            if action["id"] in known:
                is_said_again = is_said_again or known[action["id"]] <= version
                answers.append({"version": known[action["id"]]})
                continue
            code = self._find_refusal(name, since, recent, may)
            if code is None:
                attempt = copy.deepcopy(state)
                try:
                    self._reducers[name](attempt, action.get("input"))
                    attempt = json.loads(json.dumps(attempt, allow_nan=False))
                except Exception as error:  # else it is a 500, which the page says again for ever
                    log.info("Refused %r on %s: %r", name, self._name, error)
                    message = str(error) if isinstance(error, Refusal) else f"Cannot run {name!r}: its reducer failed"
                    answers.append({"refused": {"code": "failed", "message": message}})
                    continue
            if code is not None:
                answers.append({"refused": {"code": code, "message": f"Cannot run {name!r}: {code}"}})
                continue
            state = attempt
            known[action["id"]] = version + 1
            applied.append(action["id"])
            answers.append({"version": version + 1})
        patch = create_patch(before, state)
        if not patch:
            for answer in answers:
                if "version" in answer:
                    answer["version"] = min(answer["version"], version)
            return answers, {"from": None, "to": version} if is_said_again else None
        recent = [*recent, *({"id": one, "version": version + 1} for one in applied)][-MAX_ACTIONS:]
        database.execute(
            "INSERT INTO stores VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE"
            " SET version = excluded.version, state = excluded.state, recent = excluded.recent",
            (self._name, version + 1, json.dumps(state), json.dumps(recent)),
        )
        return answers, {"from": version, "to": version + 1, "patch": patch, "actions": applied}

    def _find_refusal(self, name: str, since: int | None, recent: list[dict[str, Any]], may: May) -> str | None:
        if name not in self._reducers:
            return "unknown-action"
        if since is not None and len(recent) >= MAX_ACTIONS and recent[0]["version"] > since:
            return "forgotten"
        return None if may(name) else "not-allowed"

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS stores"
            " (name TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL, recent TEXT NOT NULL)"
        )
        return database

    def _load(self, database: sqlite3.Connection) -> tuple[int, Any, list[dict[str, Any]]]:
        row = database.execute("SELECT version, state, recent FROM stores WHERE name = ?", (self._name,)).fetchone()
        return (row[0], json.loads(row[1]), json.loads(row[2])) if row else (0, self._empty, [])


def is_action(action: Any) -> bool:
    """Looks at the shape of an action, not at what it says."""
    if not isinstance(action, dict) or not isinstance(action.get("name"), str):
        return False
    since = action.get("since")
    identity = action.get("id")
    has_id = isinstance(identity, str) and 1 <= len(identity) <= MAX_ID_LENGTH
    return has_id and (since is None or (isinstance(since, int) and not isinstance(since, bool)))


def create_patch(before: Any, after: Any, path: str = "") -> list[dict[str, Any]]:
    """Says how one state becomes another, as RFC 6902, with its members in the same order; lists are replaced whole."""
    if before == after and type(before) is type(after) and not isinstance(before, (dict, list)):
        return []
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if json.dumps(before) == json.dumps(after) else [{"op": "replace", "path": path, "value": after}]
    staying = find_staying(before, after)
    patch = [{"op": "remove", "path": f"{path}/{escape(key)}"} for key in before if key not in staying]
    for key, value in after.items():
        place = f"{path}/{escape(key)}"
        patch += create_patch(before[key], value, place) if key in staying else [{"op": "add", "path": place, "value": value}]
    return patch


def find_staying(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """Finds the members that keep their places: as many of the first ones after as stand in this order before."""
    ordered = iter(after)
    wanted = next(ordered, None)
    staying = set()
    for key in before:
        if key == wanted:
            staying.add(key)
            wanted = next(ordered, None)
    return staying


def escape(key: str) -> str:
    """Writes a member's name as RFC 6901 has it."""
    return key.replace("~", "~0").replace("/", "~1")
