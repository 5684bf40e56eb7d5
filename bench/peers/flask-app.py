"""A key-value server of Flask and SQLite, as the documents that Keyhold grew from have it: a commit for each write, with
SQLite's defaults, synchronous=FULL among them. KEYHOLD_BENCH_DB names the database."""
import os
import sqlite3
import threading

from flask import Flask, Response, request

app = Flask(__name__)
local = threading.local()


def connection():
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(os.environ["KEYHOLD_BENCH_DB"], timeout=60)
        local.connection.execute("create table if not exists entries (key text primary key, value blob)")
    return local.connection


@app.get("/keys/<key>")
def get(key):
    row = connection().execute("select value from entries where key = ?", (key,)).fetchone()
    if row is None:
        return Response(status=404)
    return Response(row[0], content_type="application/octet-stream")


@app.put("/keys/<key>")
def put(key):
    with connection() as transaction:
        transaction.execute(
            "insert into entries (key, value) values (?, ?) on conflict (key) do update set value = excluded.value",
            (key, request.get_data()),
        )
    return Response(status=204)
