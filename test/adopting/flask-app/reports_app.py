"""An app that writes reports; its page polls."""

import os
import threading
import time
import uuid

from flask import Flask, jsonify, render_template, request, session
from flask.typing import ResponseReturnValue

app = Flask(__name__)
app.secret_key = os.environ.get("SESSION_SECRET", "only for development")
reports: dict[str, dict[str, str]] = {}


@app.get("/")
def index() -> str:
    return render_template("index.html")


@app.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    session["user"] = request.json["name"]
    return jsonify(user=session["user"])


@app.post("/reports")
def order_report() -> ResponseReturnValue:
    if "user" not in session:
        return jsonify(error="Sign in first"), 401
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
