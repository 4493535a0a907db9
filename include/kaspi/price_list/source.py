"""Fetch a merchant's own price list from its address."""

import requests

from include.kaspi.price_list.reading import PriceListError

TIMEOUT = (5, 30)
MOST_BYTES = 64 * 1024 * 1024
CHUNK = 1 << 16


class ListUnreachable(RuntimeError):
    """The merchant's list could not be fetched; what we have of it goes on being used until it is stale."""


def fetch(url: str, *, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the body at ``url``. Raises ListUnreachable, or PriceListError for a body over ``most_bytes``."""
    try:
        with requests.get(url, timeout=TIMEOUT, stream=True, headers={"User-Agent": "qaitarym price list"}) as answer:
            answer.raise_for_status()
            body = bytearray()
            for chunk in answer.iter_content(CHUNK):
                body += chunk
                if len(body) > most_bytes:
                    raise PriceListError(f"the price list at {url} is larger than {most_bytes} bytes")
            return bytes(body)
    except requests.RequestException as error:
        raise ListUnreachable(f"the price list at {url} could not be fetched: {error}") from error
