"""The merchant's price list for Kaspi: read his own, lay returned goods over it, prove that nothing else changed."""

from include.kaspi.price_list.offers import Availability, Offer
from include.kaspi.price_list.overlay import Addition, ResaleOffer, Unplaced, compose, lowered
from include.kaspi.price_list.reading import PriceList, PriceListError, read
from include.kaspi.price_list.validation import Finding, validate

__all__ = [
    "Addition",
    "Availability",
    "Finding",
    "Offer",
    "PriceList",
    "PriceListError",
    "ResaleOffer",
    "Unplaced",
    "compose",
    "lowered",
    "read",
    "validate",
]
