# Slow clients, many at once: heads and bodies that come byte by byte, readers that take nothing or next to nothing. One
# process with one loop, which wakes a few times a second, so that what it does to the server is not its own hunger for
# processor time. Python, as it is told there how many bytes to read, and of a connection's end without reading.
#
# python3 slow_crowd.py '{"port": 3000, "counts": {"head": 1000}, "replace": false}'
#
# Prints {"event": "attached"} once all have begun; then of each that ends {"event": "ended", "kind", "seconds" since its first
# byte, "received" (the first of what came)}. With "replace" another takes its place, that of a reader not before it would
# have been cut for taking nothing, or cutting them early would make them do real work. It ends when its standard input does.
import json
import resource
import select
import socket
import sys
import time

TICK_SECONDS = 0.25
# Every connection moves once in so many ticks.
TURNS = 4
JOINS_AT_ONCE = 20
JOIN_SECONDS = 0.005
# The server's default of --idle-timeout.
READER_SECONDS = 30
# Small, so that what a reader does not take stays with the server.
RECEIVE_BUFFER_BYTES = 8192
# Of a network. Of this machine's own, 45 times as large, the system would take megabytes for each reader.
SEGMENT_BYTES = 1448
TRICKLE_BYTES = 64
SHOWN_BYTES = 2000

HOST = "Host: localhost\r\n"
UPLOAD = "PUT /keys/slow HTTP/1.1\r\n" + HOST
READS = ("GET /keys/large HTTP/1.1\r\nAccept: application/octet-stream\r\n" + HOST + "\r\n") * 8

# What each sends at first, what it sends at each of its turns, and how much it reads then; None for all that comes, at once.
KINDS = {
    "head": ("GET /-/healthy HTTP/1.1\r\n" + HOST + "X-Slow: ", "a", None),
    "body": (UPLOAD + "Content-Length: 20000\r\n\r\n", "b" * 25, None),
    "chunks": (UPLOAD + "Transfer-Encoding: chunked\r\n\r\n", "19\r\n" + "c" * 25 + "\r\n", None),
    "silent": ("", "", None),
    "stalled": (READS, "", 0),
    "stalled-listing": ("GET /keys HTTP/1.1\r\n" + HOST + "\r\n", "", 0),
    "trickle": (READS, "", TRICKLE_BYTES),
}


class Slow:
    def __init__(self, kind, address, poller):
        self.kind = kind
        self.first, self.each, self.takes = KINDS[kind]
        self.received = b""
        self.socket = socket.socket()
        if self.takes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
        self.socket.connect(address)
        self.socket.setblocking(False)
        # A reader that takes little is told of the end alone.
        self.events = select.EPOLLIN if self.takes is None else select.EPOLLRDHUP
        poller.register(self.socket, self.events)
        self.began = time.monotonic()
        self.send(self.first)

    def send(self, text):
        if text == "":
            return
        try:
            self.socket.send(text.encode())
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass

    def take_turn(self):
        self.send(self.each)
        if self.takes:
            try:
                self.socket.recv(self.takes)
            except (BlockingIOError, ConnectionResetError):
                pass

    # Whether the server has ended it.
    def has_ended(self):
        if self.takes is not None:
            return True
        try:
            piece = self.socket.recv(65536)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True
        self.received = (self.received + piece)[:SHOWN_BYTES]
        return piece == b""


def main():
    settings = json.loads(sys.argv[1])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    address = ("127.0.0.1", settings["port"])
    poller = select.epoll()
    poller.register(0, select.EPOLLIN | select.EPOLLHUP)
    crowd = {}

    def join(kind):
        slow = Slow(kind, address, poller)
        crowd[slow.socket.fileno()] = slow

    to_join = [kind for kind, count in settings["counts"].items() for _ in range(count)]
    rejoins = []
    has_attached = False
    turn = 0
    tick_at = time.monotonic()
    while True:
        # A few at a time, so that the server can take them on: the system would let the rest wait for a second.
        for kind in to_join[:JOINS_AT_ONCE]:
            join(kind)
        del to_join[:JOINS_AT_ONCE]
        if not to_join and not has_attached:
            has_attached = True
            say({"event": "attached"})
        for number, _ in poller.poll(JOIN_SECONDS if to_join else max(0, tick_at - time.monotonic())):
            if number == 0:
                return
            slow = crowd[number]
            if not slow.has_ended():
                continue
            seconds = time.monotonic() - slow.began
            say({"event": "ended", "kind": slow.kind, "seconds": seconds, "received": slow.received.decode()})
            poller.unregister(number)
            slow.socket.close()
            del crowd[number]
            if settings["replace"]:
                rejoins.append((slow.began + (0 if slow.takes is None else READER_SECONDS), slow.kind))
        if time.monotonic() >= tick_at:
            tick_at = time.monotonic() + TICK_SECONDS
            turn += 1
            to_join += [kind for due, kind in rejoins if due <= time.monotonic()]
            rejoins = [each for each in rejoins if each[0] > time.monotonic()]
            for number, slow in list(crowd.items()):
                if number % TURNS == turn % TURNS:
                    slow.take_turn()


def say(message):
    print(json.dumps(message), flush=True)


main()
