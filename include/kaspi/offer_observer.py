"""Ask what an offer looks like to a buyer. Kaspi has no such call: whoever can say it answers this port."""

from dataclasses import dataclass

import requests

TIMEOUT = (5, 30)


class ObserverUnreachable(RuntimeError):
    """Nobody could say what the offers look like; they are on sale by the feed's log only."""


@dataclass(frozen=True, slots=True)
class Observed:
    """An offer as a buyer sees it; ``quantity`` is None where it is not visible, ``price`` is in tenge."""

    offer_sku: str
    store_id: str
    on_sale: bool
    price: int | None
    quantity: int | None


def observe(url: str, merchant_id: str) -> list[Observed]:
    """Return what a buyer sees of a merchant: ``GET <url>/buyer/offers?merchant=<id>``."""
    try:
        answer = requests.get(f"{url}/buyer/offers", params={"merchant": merchant_id}, timeout=TIMEOUT)
        answer.raise_for_status()
        offers = answer.json()["offers"]
        seen = {
            (str(one["sku"]), str(one["store_id"])): Observed(
                str(one["sku"]), str(one["store_id"]), bool(one["on_sale"]), one.get("price"), one.get("quantity")
            )
            for one in offers
        }
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise ObserverUnreachable(f"{merchant_id}: the buyer's view at {url} could not be read: {error}") from error
    return list(seen.values())
