"""The writing side of the Shop API: one POST, once, and the order read back. Never tried against Kaspi itself.

Who wants to write goes by ``include.flows.kaspi_writes``, which keeps each try and never repeats one.
"""

import time
from dataclasses import dataclass
from typing import Any, Protocol, Self

import msgspec
import requests
import urllib3

from include.domain.kaspi_writes import Outcome
from include.kaspi.errors import KaspiBusy, KaspiError
from include.kaspi.records import single_of
from include.kaspi.shop_api import (
    CALL_SECONDS,
    CONNECT_SECONDS,
    READ_SECONDS,
    Pace,
    ShopApi,
    ShopSettings,
    body_of,
    session_of,
    title_of,
)

REFUSED = frozenset({400, 401, 403, 404, 409, 422})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one call. ``text`` is Kaspi's own title or the kind of trouble; it holds nothing of a body."""

    outcome: Outcome
    status: int | None
    text: str


class KaspiWrites(Protocol):
    """Whoever writes to a merchant's orders and can say what they show."""

    def status_of(self, order_id: str) -> str | None:
        """Return the status that the order shows now; None where the shop has no such order."""
        ...

    def write(self, body: dict[str, Any]) -> Answer:
        """Send one write, once."""
        ...


class _Attributes(msgspec.Struct):
    status: str


class _Order(msgspec.Struct):
    attributes: _Attributes


class ShopWrites:
    """Writes to the Shop API of one merchant."""

    def __init__(self, settings: ShopSettings, pace: Pace) -> None:
        self._settings, self._pace = settings, pace
        self._reading = ShopApi(settings, pace)
        self._session, self._adapter = session_of(settings)

    def __enter__(self) -> Self:
        self._reading.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._reading.__exit__()
        self._session.close()

    def status_of(self, order_id: str) -> str | None:
        """Return the status that the order shows now; reading may be repeated, and is. Raises KaspiError."""
        found = self._reading.order_by_id(order_id)
        try:
            return None if found is None else msgspec.json.decode(found, type=_Order).attributes.status
        except msgspec.MsgspecError as error:
            raise KaspiError(f"{self._settings.merchant_id}: the order {order_id} shows no status: {error}") from None

    def write(self, body: dict[str, Any]) -> Answer:
        """Send one write, once: whatever happens to the answer, it is not sent a second time here."""
        self._pace.wait()
        deadline = time.monotonic() + CALL_SECONDS
        try:
            with self._adapter.within(CALL_SECONDS):
                # a redirect would carry the token to wherever it leads
                answer = self._session.post(
                    f"{self._settings.url}/orders",
                    data=msgspec.json.encode(body),
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
            with answer:
                return _judged(answer, deadline)
        except requests.RequestException as error:
            if _never_left(error):
                return Answer("not_sent", None, f"no connection: {type(error).__name__}")
            return Answer("unknown", None, f"the answer was lost: {type(error).__name__}")


def _judged(answer: requests.Response, deadline: float) -> Answer:
    code = answer.status_code
    try:
        body = body_of(answer, deadline, "POST /orders")
    except (KaspiBusy, requests.RequestException) as error:
        return Answer("unknown", code, f"the answer was lost: {type(error).__name__}")
    if code == 429:
        return Answer("not_sent", code, "too many calls: try again later")
    if code in REFUSED:
        return Answer("refused", code, title_of(body))
    if code == 200 and _is_document(body):
        return Answer("accepted", code, "")
    return Answer("unknown", code, f"{len(body)} bytes that say nothing of the order")


def _is_document(body: bytes) -> bool:
    try:
        msgspec.json.decode(single_of(body), type=_Order)
    except (msgspec.MsgspecError, ValueError):
        return False
    return True


def _never_left(error: requests.RequestException) -> bool:
    """Tell whether no connection came about, so that Kaspi cannot have read anything."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.NameResolutionError))
