"""An app of the pattern of 2016: its pages send a bare token, its results go over a ZeroMQ bus."""

import json
import threading
import time
import uuid
from typing import Any

import jwt
import zmq
from flask import Flask, Response, jsonify, render_template, request, session
from flask.typing import ResponseReturnValue

import conf

app = Flask(__name__)
app.secret_key = conf.secret
feed = zmq.Context.instance().socket(zmq.PUB)
feed.connect(conf.bus)
reports: dict[str, dict[str, str]] = {}


@app.get("/")
def index() -> str:
    return render_template("index.html")


@app.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    session["user"] = request.json["name"]
    return jsonify(user=session["user"])


@app.get("/socket_auth_token")
def socket_auth_token() -> ResponseReturnValue:
    if "user" not in session:
        return "Sign in first", 401
    return Response(jwt.encode({"username": session["user"]}, conf.secret), mimetype="text/html")


@app.post("/reports")
def order_report() -> ResponseReturnValue:
    report_id = str(uuid.uuid4())
    reports[report_id] = {"user": session["user"], "state": "running"}
    threading.Thread(target=write_report, args=(report_id, request.json["title"])).start()
    return jsonify(id=report_id), 202


@app.get("/reports/<report_id>")
def get_report(report_id: str) -> ResponseReturnValue:
    report = reports.get(report_id)
    if report is None or report["user"] != session.get("user"):
        return jsonify(error="There is no such report"), 404
    return jsonify(report)


def write_report(report_id: str, title: str) -> None:
    time.sleep(1.5)
    text = f"Report on {title}: all is well"
    reports[report_id] |= {"state": "done", "text": text}
    push(reports[report_id]["user"], "report/done", {"id": report_id, "text": text})


def push(user: str, event: str, data: Any) -> None:
    feed.send_string("0 " + json.dumps({"username": user, "id": event, "data": data}))
