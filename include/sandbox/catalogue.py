"""Merchants and their products, drawn from the assortment by the seed."""

import base64
import csv
import hashlib
import io
import random
from dataclasses import dataclass, field

from include.sandbox import assortment
from include.sandbox.assortment import Shelf, Shop
from include.sandbox.moments import stream

CATALOGUE_COLUMNS = (
    "sku",
    "master_code",
    "eans",
    "name",
    "category",
    "supplier",
    "batch",
    "cost",
    "agreed_defect_rate",
)
SKUS_PER_SHELF = 8
OFFER_SKU_LIMIT = 20
RESALE_NUMERATOR, RESALE_DENOMINATOR = 37, 40  # 7.5 % off


def resale_sku(sku: str) -> str:
    """Return the SKU under which returned new goods with renewed packaging are offered."""
    return sku[: OFFER_SKU_LIMIT - 1] + "R"


def resale_price(price: int) -> int:
    """Return the price 7.5 % below ``price``, in whole tenge."""
    return (price * RESALE_NUMERATOR * 2 + RESALE_DENOMINATOR) // (RESALE_DENOMINATOR * 2)


@dataclass(frozen=True)
class Product:
    """One SKU. ``counted``: the base list says how many; ``dry``: it ran out shortly before the end."""

    merchant_id: str
    sku: str
    master_code: str
    resale_master_code: str
    eans: tuple[str, ...]
    name: str
    brand: str
    category: str
    category_code: str
    supplier: str
    batch: str
    cost: int
    agreed_defect_rate: str
    price: int
    weight: int
    popularity: float
    counted: bool = True
    switched_off: bool = False
    dry: bool = False
    pre_order: int | None = None


@dataclass(frozen=True)
class Merchant:
    """A shop on Kaspi with its secrets and its products by SKU."""

    shop: Shop
    token: str
    feed_token: str
    email: str
    products: dict[str, Product] = field(repr=False)

    @property
    def merchant_id(self) -> str:
        """The id used in every address."""
        return self.shop.merchant_id


def _secret(seed: int, *names: str) -> str:
    digest = hashlib.sha256("/".join((str(seed), *names)).encode()).digest()
    return base64.b64encode(digest).decode()


def _ean(rng: random.Random) -> str:
    digits = "487" + f"{rng.randrange(10**9):09d}"
    weighted = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits))
    return digits + str(-weighted % 10)


def _price(rng: random.Random, shelf: Shelf) -> int:
    # prices end in 90: 7.5 % off is then never half a tenge
    return rng.randrange(shelf.price_from // 100, shelf.price_to // 100 + 1) * 100 + 90


def _batch(shop: Shop, supplier: str, shelf: Shelf, place: int) -> str:
    code = supplier[:3].upper()
    return f"{code}-26-{shop.shelves.index(shelf) * 3 + place // 3 + 10:02d}"


def _product(seed: int, shop: Shop, shelf: Shelf, place: int) -> Product:
    """Draw the ``place``-th product of a shelf."""
    number = shop.shelves.index(shelf) * SKUS_PER_SHELF + place
    sku = f"{shop.sku_prefix}{10_000 + number * 37}"
    rng = stream(seed, "product", sku)
    brand = rng.choice(shelf.brands)
    price = _price(rng, shelf)
    supplier = shop.suppliers[(number // 3) % len(shop.suppliers)]
    batch = _batch(shop, supplier, shelf, place)
    popularity = rng.uniform(0.5, 1.5)
    if shelf.title == assortment.DEFECTIVE_SHELF and place < 4:
        supplier, batch, popularity = assortment.DEFECTIVE_SUPPLIER, assortment.DEFECTIVE_BATCH, 3.5
    elif rng.random() < 0.08:
        supplier, batch = "", ""
    elif rng.random() < 0.1:
        batch = ""
    if shelf.title == assortment.MISLEADING_SHELF:
        popularity *= 1.5
    return Product(
        merchant_id=shop.merchant_id,
        sku=sku,
        master_code=str(100_000_000 + rng.randrange(40_000_000)),
        resale_master_code=str(150_000_000 + rng.randrange(40_000_000)),
        eans=tuple(_ean(rng) for _ in range(2 if rng.random() < 0.2 else 1)),
        name=f"{rng.choice(shelf.things)} {brand} {rng.choice('ABCDEFXZ')}{rng.randrange(10, 999)}",
        brand=brand,
        category=shelf.title,
        category_code=shelf.code,
        supplier=supplier,
        batch=batch,
        cost=int(price * rng.uniform(0.55, 0.75)),
        agreed_defect_rate=f"{rng.choice((0.01, 0.015, 0.02, 0.03)):g}",
        price=price,
        weight=rng.randrange(2, 60) * 100,
        popularity=popularity,
        **_listing_quirks(shop, number),
    )


def _listing_quirks(shop: Shop, number: int) -> dict[str, bool]:
    """Say which SKUs have no count, are switched off, or ran dry: fixed places, so that they always exist."""
    last = len(shop.shelves) * SKUS_PER_SHELF - 1
    dry = not shop.base_includes_returns and number in (last - 8, last - 17)
    return {"counted": number not in (12, 29), "switched_off": number in (20, 37), "dry": dry}


def build_merchants(seed: int) -> dict[str, Merchant]:
    """Draw the three merchants of the world, by id."""
    merchants = {}
    for shop in assortment.SHOPS:
        places = ((shelf, place) for shelf in shop.shelves for place in range(SKUS_PER_SHELF))
        products = {p.sku: p for p in (_product(seed, shop, shelf, place) for shelf, place in places)}
        merchants[shop.merchant_id] = Merchant(
            shop=shop,
            token=_secret(seed, "shop-api", shop.merchant_id),
            feed_token=hashlib.sha256(f"{seed}/feed/{shop.merchant_id}".encode()).hexdigest()[:40],
            email=f"owner@{shop.merchant_id.replace('_', '-')}.example",
            products=products,
        )
    return merchants


def source_token(seed: int, source: str) -> str:
    """Return the bearer token of a warehouse feed."""
    return _secret(seed, "wms", source)


def catalogue_csv(merchant: Merchant) -> str:
    """Return the merchant's catalogue file: UTF-8 CSV, EANs separated by ``|``, unknown facts empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CATALOGUE_COLUMNS)
    for product in merchant.products.values():
        row = {name: getattr(product, name) for name in CATALOGUE_COLUMNS}
        row["eans"] = "|".join(product.eans)
        writer.writerow(row.values())
    return out.getvalue()
