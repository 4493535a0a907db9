"""The merchant's Shop API, reading side: one requests session a merchant, polite and explicit."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from include.kaspi.errors import KaspiBusy, KaspiError, KaspiRefusedToken

log = logging.getLogger(__name__)

PAGE_SIZE = 100
TIMEOUT = (10, 30)
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


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list of orders, as parsed JSON, with the counts Kaspi gave."""

    number: int
    page_count: int
    total_count: int
    orders: list[dict[str, Any]]
    included: list[dict[str, Any]]
    body: bytes


class ShopApi:
    """Read orders, lines and products of one merchant."""

    def __init__(self, settings: ShopSettings) -> None:
        self.settings = settings
        self._session = requests.Session()
        self._session.headers.update(
            {
                "X-Auth-Token": settings.token,
                "Content-Type": JSON_API,
                "Accept": JSON_API,
                "User-Agent": settings.user_agent,
            }
        )
        if settings.proxy:
            self._session.proxies = {"http": settings.proxy, "https": settings.proxy}
        self._pace = threading.Lock()
        self._next_call = 0.0
        self.calls = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def pages(
        self, state: str, created_from: dt.datetime, created_to: dt.datetime, stored: Container[int] = ()
    ) -> Iterator[Page]:
        """Yield the pages of the orders of ``state`` created in [from, to] but those ``stored`` already.

        The window is at most 14 days.
        """
        number = 0
        while True:
            while number in stored:
                number += 1
            body = self._get(
                "/orders",
                {
                    "page[number]": number,
                    "page[size]": PAGE_SIZE,
                    "filter[orders][state]": state,
                    "filter[orders][creationDate][$ge]": milliseconds(created_from),
                    "filter[orders][creationDate][$le]": milliseconds(created_to),
                    "include[orders]": "entries",
                },
            )
            document = _document(body)
            meta = document.get("meta") or {}
            page_count = int(meta.get("pageCount") or 0)
            yield Page(
                number,
                page_count,
                int(meta.get("totalCount") or 0),
                list(document.get("data") or []),
                list(document.get("included") or []),
                body,
            )
            number += 1
            if number >= page_count:
                return

    def order_by_code(self, code: str) -> dict[str, Any] | None:
        """Return one order by its number, or None where the shop has none."""
        found = _document(self._get("/orders", {"filter[orders][code]": code})).get("data") or []
        return found[0] if found else None

    def entries(self, order_id: str) -> list[dict[str, Any]]:
        """Return an order's lines."""
        return list(_document(self._get(f"/orders/{order_id}/entries")).get("data") or [])

    def merchant_sku(self, entry_id: str) -> str | None:
        """Return the merchant's SKU of a line that has no ``offer``: line → product → the merchant's product."""
        product = _document(self._get(f"/orderentries/{entry_id}/product")).get("data")
        if not product:
            return None
        found = _document(self._get(f"/masterproducts/{product['id']}/merchantProduct")).get("data")
        return str(found["attributes"]["code"]) if found else None

    def _get(self, path: str, params: dict[str, Any] | None = None) -> bytes:
        for attempt in Retrying(
            retry=retry_if_exception_type((KaspiBusy, requests.ConnectionError, requests.Timeout)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            reraise=True,
        ):
            with attempt:
                return self._once(path, params)
        raise AssertionError("unreachable")

    def _once(self, path: str, params: dict[str, Any] | None) -> bytes:
        self._keep_pace()
        self.calls += 1
        # a redirect would carry the token to wherever it leads
        answer = self._session.get(self.settings.url + path, params=params, timeout=TIMEOUT, allow_redirects=False)
        who = f"{self.settings.merchant_id}: GET {path}"
        if answer.status_code in (401, 403):
            raise KaspiRefusedToken(
                f"{who} answered {answer.status_code}: the token of {self.settings.merchant_id} is not accepted; "
                "put a new one from the cabinet into his connection"
            )
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise KaspiBusy(f"{who} answered {answer.status_code}", _retry_after(answer))
        if answer.status_code != 200:
            raise KaspiError(f"{who} answered {answer.status_code}: {_title(answer.content)}")
        if not answer.content.lstrip().startswith(b"{"):
            raise KaspiBusy(f"{who} answered 200 with a body that is no JSON document", body=answer.content)
        return answer.content

    def _keep_pace(self) -> None:
        with self._pace:
            now = time.monotonic()
            pause = self._next_call - now
            self._next_call = max(now, self._next_call) + 1 / self.settings.requests_per_second
        if pause > 0:
            time.sleep(pause)


def milliseconds(moment: dt.datetime) -> int:
    """Return an instant the way the Shop API writes it."""
    return int(moment.timestamp() * 1000)


def _document(body: bytes) -> dict[str, Any]:
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise KaspiError(f"Kaspi answered a {type(document).__name__} where a document was expected")
    return document


def _title(body: bytes) -> str:
    try:
        return "; ".join(str(error.get("title")) for error in orjson.loads(body)["errors"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:200].decode(errors="replace")


def _retry_after(answer: requests.Response) -> float | None:
    try:
        return min(float(answer.headers["Retry-After"]), MAX_RETRY_AFTER)
    except (KeyError, ValueError):
        return None


_backoff = wait_exponential_jitter(initial=1, max=30)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "retry_after", None)
    log.warning("try %d: %s", state.attempt_number, error)
    return asked if asked is not None else _backoff(state)
