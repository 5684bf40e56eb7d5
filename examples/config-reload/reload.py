"""Keeps a copy of the configuration, all that stands under config/: read once, then each change as it happens.

usage: python3 reload.py [SERVER]
"""
import http.client
import json
import random
import sys
import time
import urllib.request

SILENCE_SECONDS = 45  # A heartbeat comes every 15 seconds.
DELAY_SECONDS = 0.5
DELAY_MAX_SECONDS = 30


class Config:
    def __init__(self):
        self.values = {}  # What a program would use.
        self.reading = self.values  # What is being read: another dict until a snapshot is whole.
        self.cursor = None  # Where the next connection goes on; None before the first snapshot is whole.

    def take(self, event):
        match event["event"]:
            case "put" if "value" in event:  # Without one it is gone since, and its delete follows.
                self.reading[event["key"]] = event["value"]
                print(f'{event["key"]} = {json.dumps(event["value"])}', flush=True)
            case "delete" | "expire":
                self.reading.pop(event["key"], None)
                print(f'{event["key"]} is gone', flush=True)
            case "reset":  # What was missed is not known any more: a snapshot follows, up to "ready".
                self.reading = {}
            case "ready":
                self.values = self.reading
                print(f"ready, {len(self.values)} values", flush=True)
        self.cursor = event.get("cursor", self.cursor)

    def watch(self, server):
        """Yields after each event."""
        if self.cursor is None:
            self.reading = {}
        request = urllib.request.Request(
            f"{server}/keys?watch&prefix=config/&since={self.cursor or 0}",
            headers={"Accept": "application/x-ndjson"},
        )
        with urllib.request.urlopen(request, timeout=SILENCE_SECONDS) as response:
            for line in response:
                self.take(json.loads(line))
                yield
        raise ConnectionError("the server has ended the stream")


def main():
    server = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000"
    config = Config()
    delay = DELAY_SECONDS
    while True:
        try:
            for _ in config.watch(server):
                delay = DELAY_SECONDS
        except (OSError, http.client.HTTPException, ValueError) as error:
            print(f"not connected: {error}; again in {delay} s", file=sys.stderr, flush=True)
        time.sleep(delay * random.uniform(0.5, 1))
        delay = min(delay * 2, DELAY_MAX_SECONDS)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
