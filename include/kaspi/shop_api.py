"""The merchant's Shop API, reading side: one requests session a merchant, polite and explicit."""

import datetime as dt
import logging
import math
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import quote

import msgspec
import requests
import urllib3
from msgspec import Raw
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from include.json_pieces import NoDocument
from include.kaspi.deadline import DeadlineAdapter
from include.kaspi.errors import KaspiBusy, KaspiError, KaspiHasNot, KaspiLate, KaspiRefusedToken
from include.kaspi.payloads import Counts
from include.kaspi.records import document_of, single_of

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

PAGE_SIZE = 100
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0  # without a byte
CALL_SECONDS = 60.0  # for the whole answer: a body that dribbles in never lets the other limit strike
CHUNK_BYTES = 1 << 18
MAX_BODY_BYTES = 64 << 20
USER_AGENT = "Qaitarym/1.0"
ATTEMPTS = 4
MAX_RETRY_AFTER = 120.0
JSON_API = "application/vnd.api+json"


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """How to reach one merchant's shop. ``url`` ends in ``/shop/api/v2``."""

    merchant_id: str
    url: str
    token: str = field(repr=False)
    user_agent: str = USER_AGENT
    requests_per_second: float = 5.0
    proxy: str | None = None


class Pace(Protocol):
    """Whatever says when the next call may begin."""

    def wait(self) -> None:
        """Return when the next call may begin."""
        ...


class LocalPace:
    """Keeps one process at ``per_second`` calls; what several processes share is ``include.db.pace``."""

    def __init__(self, per_second: float) -> None:
        self._apart = 1 / per_second
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Sleep until the next call may begin."""
        with self._lock:
            now = time.monotonic()
            pause = self._next - now
            self._next = max(now, self._next) + self._apart
        if pause > 0:
            time.sleep(pause)


@dataclass(frozen=True, slots=True)
class OrderList:
    """The orders of one state created in [from, to], at most 14 days; ``stored`` pages are not asked for again."""

    state: str
    created_from: dt.datetime
    created_to: dt.datetime
    stored: Container[int] = ()
    key: int = 0

    def after(self, number: int) -> int:
        """Return the first page from ``number`` on that is not stored."""
        while number in self.stored:
            number += 1
        return number


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its orders and lines as the bytes that came, and the counts Kaspi gave."""

    number: int
    page_count: int
    total_count: int
    orders: list[Raw]
    included: list[Raw]
    body: bytes


def session_of(settings: ShopSettings) -> tuple[requests.Session, DeadlineAdapter]:
    """Return a session that says who it is at each call and goes the way the connection names, and what cuts a call."""
    session = requests.Session()
    session.headers.update(
        {
            "X-Auth-Token": settings.token,
            "Content-Type": JSON_API,
            "Accept": JSON_API,
            "User-Agent": settings.user_agent,
        }
    )
    # What the environment says of proxies and certificates, once and not at each call; of tokens it says nothing.
    # The connection's own proxy goes before it.
    own = dict.fromkeys(("http", "https"), settings.proxy) if settings.proxy else {}
    found = session.merge_environment_settings(settings.url, own, None, None, None)
    session.proxies, session.verify = found["proxies"], found["verify"]
    session.trust_env = False
    adapter = DeadlineAdapter()
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session, adapter


class ShopApi:
    """Read orders, lines and products of one merchant.

    No call is tried again after ``until``, by the monotonic clock: it raises KaspiLate instead.
    """

    def __init__(self, settings: ShopSettings, pace: Pace | None = None, until: float = math.inf) -> None:
        self.settings, self._until = settings, until
        self._pace = pace or LocalPace(settings.requests_per_second)
        self._session, self._adapter = session_of(settings)
        self._one_at_a_time = threading.Lock()
        # one thread for the whole session: each new one would have memory of its own that is never given back
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix=f"shop-{settings.merchant_id}")
        self.calls = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ahead.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def lists(self, wanted: Iterable[OrderList]) -> Iterator[tuple[OrderList, Page]]:
        """Yield the pages of one list after the other, the next one asked for while the caller works on this one.

        Never more than that one ahead: what a kill throws away is a page or two.
        """
        remaining = iter(wanted)
        one = next(remaining, None)
        number = one.after(0) if one else 0
        coming = self._ahead.submit(self.page, one, number) if one else None
        try:
            while one and coming:
                current, page = one, coming.result()
                number = current.after(page.number + 1)
                if number >= page.page_count:
                    one = next(remaining, None)
                    number = one.after(0) if one else 0
                coming = self._ahead.submit(self.page, one, number) if one else None
                yield current, page
        finally:
            if coming:
                coming.cancel()

    def page(self, wanted: OrderList, number: int, size: int | None = None) -> Page:
        """Return one page of a list, from 0."""
        return self._get(
            "/orders",
            {
                "page[number]": number,
                "page[size]": size or PAGE_SIZE,
                "filter[orders][state]": wanted.state,
                "filter[orders][creationDate][$ge]": milliseconds(wanted.created_from),
                "filter[orders][creationDate][$le]": milliseconds(wanted.created_to),
                "include[orders]": "entries",
            },
            lambda body: _page(body, number),
        )

    def count(self, wanted: OrderList) -> int:
        """Return how many orders a list has now."""
        return self.page(wanted, 0, size=1).total_count

    def order_by_code(self, code: str) -> Raw | None:
        """Return one order by its number, or None where the shop has none."""
        found = self._get("/orders", {"filter[orders][code]": code}, _records)
        return found[0] if found else None

    def order_by_id(self, order_id: str) -> Raw | None:
        """Return one order by its id, or None where the shop has none."""
        try:
            return self._get(f"/orders/{quote(order_id, safe='')}", None, _record)
        except KaspiHasNot:
            return None

    def entries(self, order_id: str) -> list[Raw]:
        """Return an order's lines."""
        return self._get(f"/orders/{quote(order_id, safe='')}/entries", None, _records)

    def product(self, entry_id: str) -> tuple[str, str | None] | None:
        """Return Kaspi's product of a line: its id, and its master code where the directory names one."""
        found = self._directory(f"/orderentries/{quote(entry_id, safe='')}/product")
        return (str(found["id"]), found["attributes"].get("code")) if found else None

    def merchant_sku(self, entry_id: str) -> str | None:
        """Return the merchant's SKU of a line that has no ``offer``: line → product → the merchant's product."""
        product = self.product(entry_id)
        if product is None:
            return None
        found = self._directory(f"/masterproducts/{quote(product[0], safe='')}/merchantProduct")
        code = found["attributes"].get("code") if found else None
        return None if code is None else str(code)

    def _directory(self, path: str) -> dict[str, Any] | None:
        """Return a resource of the product directory; None where it has none, or does not want to tell.

        A line without its product is reported by the gate; it must not keep the merchant's other orders waiting.
        """
        try:
            return self._get(path, None, _resource)
        except (KaspiRefusedToken, KaspiBusy):
            raise
        except KaspiError as error:
            log.warning("%s", error)
            return None

    def _get(self, path: str, params: dict[str, Any] | None, read: Callable[[bytes], Answer]) -> Answer:
        for attempt in Retrying(
            retry=retry_if_exception_type((KaspiBusy, requests.RequestException)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=self._pause,
            reraise=True,
        ):
            with attempt:
                body = self._once(path, params)
                try:
                    return read(body)
                except (NoDocument, msgspec.MsgspecError, RecursionError, KeyError, TypeError, AttributeError) as error:
                    who = f"{self.settings.merchant_id}: GET {path}"
                    raise KaspiBusy(f"{who} answered 200 with a body that is no JSON document", body=body) from error
        raise AssertionError("unreachable")

    def _pause(self, state: RetryCallState) -> float:
        """Return the seconds until the next try. Raises KaspiLate where that would begin after the caller's time."""
        pause = _wait(state)
        if state.attempt_number < ATTEMPTS and time.monotonic() + pause > self._until:
            error = state.outcome.exception() if state.outcome else None
            raise KaspiLate(f"no time is left to try again: {error}") from error
        return pause

    def _once(self, path: str, params: dict[str, Any] | None) -> bytes:
        with self._one_at_a_time:
            self._pace.wait()
            self.calls += 1
            return self._call(path, params)

    def _call(self, path: str, params: dict[str, Any] | None) -> bytes:
        who = f"{self.settings.merchant_id}: GET {path}"
        deadline = time.monotonic() + CALL_SECONDS
        # a redirect would carry the token to wherever it leads
        try:
            with self._adapter.within(CALL_SECONDS):
                answer = self._session.get(
                    self.settings.url + path,
                    params=params,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
        except requests.Timeout as error:
            raise KaspiBusy(
                f"{who} got no answer within {READ_SECONDS:.0f} s. Where it never answers, while a wrong token is "
                "refused at once, Kaspi may not like the caller: set user_agent or proxy in the connection's extra"
            ) from error
        except requests.ConnectionError as error:
            _in_time(deadline, who, error)
            raise
        with answer:
            _in_time(deadline, who)  # a head that is cut looks like a whole one
            if answer.status_code in (401, 403):
                raise KaspiRefusedToken(
                    f"{who} answered {answer.status_code}: the token of {self.settings.merchant_id} is not accepted; "
                    "put a new one from the cabinet into his connection"
                )
            if answer.status_code in (408, 429) or answer.status_code >= 500:
                raise KaspiBusy(f"{who} answered {answer.status_code}", _retry_after(answer))
            body = body_of(answer, deadline, who)
            if answer.status_code == 404:
                raise KaspiHasNot(f"{who} answered 404: {title_of(body)}")
            if answer.status_code != 200:
                raise KaspiError(f"{who} answered {answer.status_code}: {title_of(body)}")
            return body


def _in_time(deadline: float, who: str, cause: Exception | None = None) -> None:
    if time.monotonic() > deadline:
        raise KaspiBusy(f"{who} was not answered whole within {CALL_SECONDS:.0f} s") from cause


def milliseconds(moment: dt.datetime) -> int:
    """Return an instant the way the Shop API writes it."""
    return int(moment.timestamp() * 1000)


def body_of(answer: requests.Response, deadline: float, who: str) -> bytes:
    """Read the whole answer before ``deadline``; a body that is cut short, endless or too slow is worth another try."""
    chunks, size = [], 0
    try:
        while chunk := answer.raw.read1(CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise KaspiBusy(f"{who} answered over {MAX_BODY_BYTES >> 20} MiB")
            _in_time(deadline, who)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise KaspiBusy(f"{who} broke off after {size} bytes: {type(error).__name__}") from error
    return b"".join(chunks)


def _page(body: bytes, number: int) -> Page:
    document = document_of(body)
    counts = document.meta or Counts()
    if document.data is None:
        raise NoDocument("the list has no data")
    if counts.pageCount is None or counts.totalCount is None:
        # taken for none, they would end the list here, and what is left of it would be lost without a word
        raise NoDocument("the list does not say how many pages and orders it has")
    return Page(number, counts.pageCount, counts.totalCount, document.data, document.included or [], body)


def _records(body: bytes) -> list[Raw]:
    records = document_of(body).data
    if records is None:
        raise NoDocument("the list has no data")
    return records


def _record(body: bytes) -> Raw | None:
    found = single_of(body)
    return None if bytes(found) == b"null" else found


def _resource(body: bytes) -> dict[str, Any] | None:
    found: dict[str, Any] | None = msgspec.json.decode(body)["data"]
    if found is not None and not ("id" in found and isinstance(found.get("attributes"), dict)):
        raise NoDocument("the resource has no id or no attributes")
    return found


def title_of(body: bytes) -> str:
    """Return what Kaspi says of a refused request; nothing of a body of another shape: it may name anybody."""
    try:
        return "; ".join(str(error["title"]) for error in msgspec.json.decode(body)["errors"])[:500]
    except (msgspec.MsgspecError, KeyError, TypeError):
        return f"{len(body)} bytes that are no list of errors"


def _retry_after(answer: requests.Response) -> float | None:
    """Return the seconds that Kaspi asks us to wait, written as seconds or as a date."""
    asked = answer.headers.get("Retry-After", "")
    try:
        seconds = float(asked)
        if not math.isfinite(seconds):
            return None
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(asked) - dt.datetime.now(dt.UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


_backoff = wait_exponential_jitter(initial=1, max=30)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "retry_after", None)
    # the message of a connection error holds the address that was asked, which holds nobody's name
    log.warning("try %d: %s", state.attempt_number, error)
    return asked if asked is not None else _backoff(state)
