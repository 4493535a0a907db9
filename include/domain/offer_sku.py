"""The SKU under which a product's returned pieces are offered."""

import hashlib
import re

LONGEST = 20  # Kaspi: up to 20 Latin letters and digits
LEGAL = re.compile(r"[A-Za-z0-9]{1,20}\Z")


def resale_sku(sku: str) -> str:
    """Return the resale SKU of ``sku``: the SKU and an R.

    A SKU that is too long or holds other characters is shortened and gets a part of its hash, so that two
    products never share a resale SKU.
    """
    if LEGAL.match(sku) and len(sku) < LONGEST:
        return f"{sku}R"
    digest = hashlib.sha256(sku.encode()).hexdigest()[:8].upper()
    kept = re.sub(r"[^A-Za-z0-9]", "", sku)[: LONGEST - len(digest) - 1]
    return f"{kept}{digest}R"
