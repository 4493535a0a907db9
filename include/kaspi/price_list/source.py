"""Fetch a merchant's own price list: from a web address, a file, or a bucket."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from include.kaspi.price_list.reading import PriceListError

TIMEOUT = (5, 30)
MOST_BYTES = 64 * 1024 * 1024
CHUNK = 1 << 16
BUCKETS = ("s3", "gs", "az", "abfs")


class ListUnreachable(RuntimeError):
    """The merchant's list could not be fetched; what we have of it goes on being used until it is stale."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list lies: ``https://…``, ``file:///…``, or ``s3://bucket/key`` (``gs://``, ``az://``).

    ``login`` and ``password`` are HTTP's, or a bucket's key and secret; ``options`` are the store's own: ``endpoint``,
    ``region``. Without a key a bucket is asked as anybody may ask it.
    """

    url: str
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)


def fetch(place: Place | str, *, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the list at ``place``. Raises ListUnreachable, or PriceListError for one over ``most_bytes``."""
    place = Place(place) if isinstance(place, str) else place
    scheme = urlsplit(place.url).scheme
    if scheme in ("http", "https"):
        return _by_http(place, most_bytes)
    if scheme == "file":
        return _from_file(place, most_bytes)
    if scheme in BUCKETS:
        return _from_bucket(place, most_bytes)
    raise ListUnreachable(
        f"the price list at {place.url} cannot be fetched: write http(s)://…, file:///… or one of "
        f"{', '.join(f'{name}://' for name in BUCKETS)} into the connection's host"
    )


def _too_large(place: Place, most_bytes: int) -> PriceListError:
    return PriceListError(f"the price list at {place.url} is larger than {most_bytes} bytes")


def _by_http(place: Place, most_bytes: int) -> bytes:
    login = (place.login, place.password or "") if place.login else None
    try:
        with requests.get(
            place.url, timeout=TIMEOUT, stream=True, headers={"User-Agent": "qaitarym price list"}, auth=login
        ) as answer:
            answer.raise_for_status()
            body = bytearray()
            for chunk in answer.iter_content(CHUNK):
                body += chunk
                if len(body) > most_bytes:
                    raise _too_large(place, most_bytes)
            return bytes(body)
    except requests.RequestException as error:
        raise ListUnreachable(f"the price list at {place.url} could not be fetched: {error}") from error


def _from_file(place: Place, most_bytes: int) -> bytes:
    path = Path(unquote(urlsplit(place.url).path))
    try:
        with path.open("rb") as file:
            body = file.read(most_bytes + 1)
    except OSError as error:
        raise ListUnreachable(f"the price list {path} could not be read: {error}") from error
    if len(body) > most_bytes:
        raise _too_large(place, most_bytes)
    return body


def _from_bucket(place: Place, most_bytes: int) -> bytes:
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    parts = urlsplit(place.url)
    options: dict[str, Any] = {str(name): value for name, value in place.options.items() if name != "client"}
    if parts.scheme == "s3":
        options |= (
            {"access_key_id": place.login, "secret_access_key": place.password or ""}
            if place.login
            else {"skip_signature": True}
        )
    http = str(options.get("endpoint", "")).startswith("http://")
    try:
        store = from_url(
            f"{parts.scheme}://{parts.netloc}",
            client_options={"timeout": f"{TIMEOUT[1]}s", "allow_http": http},
            retry_config={"max_retries": 2, "retry_timeout": dt.timedelta(seconds=TIMEOUT[1])},
            **options,
        )
        answer = store.get(parts.path.lstrip("/"))
        if answer.meta["size"] > most_bytes:
            raise _too_large(place, most_bytes)
        return bytes(answer.bytes())
    except (BaseError, OSError, ValueError) as error:
        if isinstance(error, PriceListError):
            raise
        raise ListUnreachable(f"the price list at {place.url} could not be fetched: {error}") from error
