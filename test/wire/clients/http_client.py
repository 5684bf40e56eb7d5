# The scenario's client by Python's http.client: a line of JSON in, a line of JSON out. A connection is kept for each origin.
import hashlib
import http.client
import json
import os
import ssl
import sys
from urllib.parse import urlsplit

TEXT_BYTES = 1000
connections = {}


def connection_to(parts):
    if parts.netloc not in connections:
        if parts.scheme == "https":
            trust = ssl.create_default_context(cafile=os.environ["CA_FILE"])
            made = http.client.HTTPSConnection(parts.hostname, parts.port, context=trust)
        else:
            made = http.client.HTTPConnection(parts.hostname, parts.port)
        connections[parts.netloc] = made
    return connections[parts.netloc]


def send(method, url, headers, body):
    parts = urlsplit(url)
    connection = connection_to(parts)
    target = parts.path + ("?" + parts.query if parts.query else "")
    if body is None:
        content = None
    elif body["chunked"]:
        content = (body["text"].encode() for _ in range(body["times"]))
    else:
        content = (body["text"] * body["times"]).encode()
    connection.request(method, target, body=content, headers=headers)
    return connection.getresponse()


def ask(method, url, headers, body, op):
    answer = send(method, url, headers, body)
    content = answer.read()
    return {
        "status": answer.status,
        "headers": {name.lower(): value for name, value in answer.getheaders()},
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "text": content[:TEXT_BYTES].decode(),
        "continued": None,
    }


def watch(url):
    answer = send("GET", url, {}, None)
    text = ""
    is_ready = False
    while "event: put\n" not in text or not text.endswith("\n\n"):
        line = answer.readline().decode()
        if line == "":
            raise EOFError(text)
        text += line
        if not is_ready and "event: ready\n" in text and line == "\n":
            is_ready = True
            say({"ready": True})
    connections.pop(urlsplit(url).netloc).close()
    say({"text": text})


def say(message):
    print(json.dumps(message), flush=True)


for line in sys.stdin:
    asked = json.loads(line)
    if asked["op"] == "watch":
        watch(asked["url"])
    else:
        say(ask(**asked))
