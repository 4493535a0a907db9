"""What really happened on the line while a library sent something by HTTP.

Apprise answers yes or no. Whether a message may be repeated hangs on more: whether the request left this machine, and
whether an answer came, and which. All its HTTP services use ``requests``; so its one door to the network is watched,
for the caller that asks and for nobody else.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from include.notify.outbox import ANSWER_LOST, NO_CONNECTION, Sending

NEVER_LEFT = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
# Answers that say: not now. Any other 5xx leaves open whether the gateway had passed the message on before it failed.
NOT_NOW = frozenset({425, 429, 503})
LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request: the status that answered it, or None; without an answer ``left`` tells whether it went out."""

    status: int | None
    left: bool = True


_watched: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)
_send = HTTPAdapter.send


def _send_watched(self: HTTPAdapter, request: PreparedRequest, **options: Any) -> Response:
    seen = _watched.get()
    if seen is None:
        return _send(self, request, **options)
    try:
        answer = _send(self, request, **options)
    except Exception as error:
        seen.append(Exchange(None, left=not any(isinstance(one, NEVER_LEFT) for one in _causes(error))))
        raise
    seen.append(Exchange(answer.status_code))
    return answer


HTTPAdapter.send = _send_watched  # type: ignore[method-assign, assignment]


@contextmanager
def watching() -> Iterator[list[Exchange]]:
    """Yield the exchanges that this thread has inside, as they come."""
    seen: list[Exchange] = []
    token = _watched.set(seen)
    try:
        yield seen
    finally:
        _watched.reset(token)


def judge(accepted: bool, exchanges: list[Exchange]) -> Sending:
    """Return what became of one message: what the library said of it (``accepted``), and what was seen on the line.

    A library may call it a success that it had nobody to send to: without an exchange nothing was sent.
    """
    if not exchanges:
        return Sending("dead", code="address_refused")
    last = exchanges[-1]
    if last.status is None:
        return Sending("unknown", code=ANSWER_LOST) if last.left else Sending("queued", code=NO_CONNECTION)
    if accepted:
        return Sending("sent")
    code = f"http_{last.status}"
    if last.status in NOT_NOW:
        return Sending("queued", code=code)
    return Sending("unknown" if last.status >= 500 else "dead", code=code)


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error with all it was made of: libraries wrap errors as arguments, reasons and causes."""
    found: list[BaseException] = [error]
    for one in found:
        inside = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        found += [more for more in inside if isinstance(more, BaseException) and more not in found]
        if len(found) > LONGEST_CHAIN:
            break
    return found
