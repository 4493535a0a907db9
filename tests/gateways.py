"""Real gateways on loopback that count what they take, and answer as badly as they are told to."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any

from include.notify.outbox import MailServer


@dataclass
class Gateway:
    """What came, and how it is answered: a status; None hangs up when everything was read, without a word.

    With ``deduplicates`` a key that came before is taken and not passed on again. ``held`` keeps every answer back
    until it is set.
    """

    answers: list[int | None] = field(default_factory=list)
    deduplicates: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    passed_on: list[dict[str, Any]] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    came: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def __post_init__(self) -> None:
        self.held.set()
        self._lock = threading.Lock()

    def take(self, key: str | None, path: str, body: bytes) -> int | None:
        """Count a request; return the answer."""
        with self._lock:
            one = {"key": key, "path": path, **json.loads(body)}
            status = self.answers.pop(0) if self.answers else 200
            known = self.deduplicates and any(key == other["key"] for other in self.passed_on)
            self.requests.append(one)
            if not known and (status is None or status < 300):
                self.passed_on.append(one)
        self.came.set()
        self.held.wait(30)
        return status


@contextmanager
def http_gateway(*answers: int | None, deduplicates: bool = False) -> Iterator[Gateway]:
    """Serve a gateway; after ``answers`` everything is fine."""
    gateway = Gateway(list(answers), deduplicates)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = gateway.take(self.headers.get("Idempotency-Key"), self.path, body)
            if status is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            with suppress(OSError):  # who asked may be dead by now
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gateway.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield gateway
    finally:
        gateway.held.set()
        server.shutdown()
        server.server_close()


class Conversation:
    """One session's half of a mail server: every command is fine but RCPT and the message, which are as told."""

    def __init__(self, after_data: bytes | None, rcpt: bytes) -> None:
        self.after_data = after_data
        self.answers = {b"RCPT": rcpt, b"QUIT": b"221 bye\r\n", b"DATA": b"354 go on\r\n"}
        self.taken: list[bytes] = []

    def hold(self, line: IO[bytes]) -> None:
        line.write(b"220 ready\r\n")
        while command := line.readline():
            word = command[:4].upper()
            line.write(self.answers.get(word, b"250 ok\r\n"))
            if word == b"DATA" and not self.take(line):
                return

    def take(self, line: IO[bytes]) -> bool:
        """Take the message; hang up (False) instead of answering it where so told."""
        self.taken.append(b"".join(iter(line.readline, b".\r\n")))
        if self.after_data is None:
            return False
        line.write(self.after_data)
        return True


@contextmanager
def smtp(after_data: bytes | None, *, rcpt: bytes = b"250 ok\r\n") -> Iterator[tuple[MailServer, list[bytes]]]:
    """A mail server that answers the message with ``after_data``, or hangs up without an answer (None)."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    conversation = Conversation(after_data, rcpt)

    def serve() -> None:
        while True:
            try:
                session, _address = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with session, session.makefile("rwb", buffering=0) as line, suppress(OSError):
                conversation.hold(line)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield MailServer("127.0.0.1", listener.getsockname()[1], "a@example.kz"), conversation.taken
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
