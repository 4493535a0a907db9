"""One sandbox in one folder: the life, its record on disk, the files it leaves for people and tests."""

import datetime as dt
import json
import threading
from pathlib import Path
from typing import Any

from include.sandbox.applications import Application
from include.sandbox.buyer import Pull, Puller, fetch
from include.sandbox.catalogue import Merchant, catalogue_csv, source_token
from include.sandbox.life import Life
from include.sandbox.moments import iso, utc_iso
from include.sandbox.orders import Order
from include.sandbox.price_list import base_offers, to_xml
from include.sandbox.rate_card import rate_card_csv
from include.sandbox.shop_writes import Written
from include.sandbox.state import Record, load
from include.sandbox.truth import listings_truth, world_truth
from include.sandbox.world import World


class Session:
    """Owns a state folder. ``start`` is where the clock stands in a fresh one."""

    def __init__(self, world: World, folder: Path, start: dt.datetime, puller: Puller = fetch) -> None:
        self.world = world
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._record_path = folder / "state.json"
        self._writing = threading.Lock()
        fresh = Record(world.seed, world.span.end.date().isoformat(), world.reading, start.isoformat())
        self._record = load(self._record_path, fresh)
        self.life = Life(world, folder, self._record.player(), start)
        self._replay()
        self._network = puller
        self.life.puller = self._pull
        self._write_files()

    def _replay(self) -> None:
        """Live again what the record tells, up to where it stood."""
        told: list[dict[str, Any]] = [*self._record.feeds, *self._record.writes]
        for what in sorted(told, key=lambda one: dt.datetime.fromisoformat(one["at"])):
            self.life.advance(max(dt.datetime.fromisoformat(what["at"]), self.life.now))
            (self._replay_feed if "url" in what else self._replay_write)(what)
        if self._record.now:
            self.life.advance(dt.datetime.fromisoformat(self._record.now))

    def _replay_feed(self, feed: dict[str, Any]) -> None:
        self.life.feeds[feed["merchant_id"]] = feed["url"]

    def _replay_write(self, told: dict[str, Any]) -> None:
        write = Written(**{**told, "at": dt.datetime.fromisoformat(told["at"])})
        self.life.write(self.life.orders[write.code], write)

    def _pull(self, merchant_id: str, url: str, etag: str | None, at: dt.datetime) -> Pull:
        return self._network(merchant_id, url, etag, at)

    # --- what the control calls do

    def advance(self, to: dt.datetime) -> tuple[int, int]:
        """Move the clock and write down what came of it; see :meth:`Life.advance`."""
        with self._writing:
            known = len(self.life.pulls)
            counts = self.life.advance(to)
            for pull in self.life.pulls[known:]:
                self._record.remember_pull(pull)
            self._save()
            self._write_truth()
        return counts

    def register_feed(self, merchant_id: str, url: str) -> None:
        """Tell Kaspi where a merchant's price list lies."""
        with self._writing:
            if self.life.feeds.get(merchant_id) == url:
                return
            self.life.feeds[merchant_id] = url
            self._record.feeds.append({"at": self.life.now.isoformat(), "merchant_id": merchant_id, "url": url})
            self._save()

    def write(self, order: Order, status: str, reason: str | None) -> None:
        """Do what a merchant wrote to an order. Raises WriteRefused."""
        with self._writing:
            write = Written(self.life.now, order.code, status, reason)
            self.life.write(order, write)
            self._record.remember_write(write)
            self._save()
            self._write_truth()

    def _save(self) -> None:
        self._record.now = self.life.now.isoformat()
        self._record.save(self._record_path)

    # --- what can be read

    def base_list(self, merchant: Merchant) -> bytes:
        """Return the merchant's own price list as of the clock."""
        now = self.life.now
        return to_xml(merchant, base_offers(self.world, self.world.stock, merchant, now), now)

    def applications(self, merchant: Merchant) -> list[Application]:
        """Return every application about the merchant's goods, those to come included, oldest first."""
        return [one for one in self.world.applications if one.merchant_id == merchant.merchant_id]

    def truth(self) -> dict[str, Any]:
        """Return both parts of the truth."""
        return {"world": world_truth(self.life), "listings": listings_truth(self.life)}

    def describe(self) -> dict[str, Any]:
        """Return what one needs to fill connections and core tables."""
        span = self.world.span
        return {
            "seed": self.world.seed,
            "reading": self.world.reading,
            "now": utc_iso(self.life.now),
            "begin": iso(span.begin),
            "start_of_life": iso(span.start_of_life),
            "end": iso(span.end),
            "ticks": [iso(tick) for tick in span.ticks()],
            "shop_api_path": "/shop/api/v2",
            "merchants": [_describe_merchant(merchant) for merchant in self.world.merchants.values()],
            "sources": self._describe_sources(),
            "rate_card": rate_card_csv(span),
        }

    def _describe_sources(self) -> list[dict[str, Any]]:
        token = source_token(self.world.seed, "w1")
        folder = str((self.folder / "drop" / "w2").resolve())
        return [
            {
                "name": "w1",
                "kind": "http_feed",
                "warehouse": "W1",
                "path": "/wms/w1",
                "token": token,
                "folder": None,
            },
            {
                "name": "w2",
                "kind": "file_drop",
                "warehouse": "W2",
                "path": None,
                "token": None,
                "folder": folder,
            },
        ]

    def _write_files(self) -> None:
        for merchant in self.world.merchants.values():
            folder = self.folder / "files" / merchant.merchant_id
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "catalogue.csv").write_text(catalogue_csv(merchant), encoding="utf-8")
        self._write_truth()

    def _write_truth(self) -> None:
        folder = self.folder / "truth"
        folder.mkdir(exist_ok=True)
        for name, part in self.truth().items():
            text = json.dumps(part, ensure_ascii=False, indent=1)
            (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _describe_merchant(merchant: Merchant) -> dict[str, Any]:
    shop = merchant.shop
    store = {
        "store_id": shop.store_id, "warehouse": shop.warehouse, "source": shop.warehouse.lower(),
        "base_includes_returns": shop.base_includes_returns, "pick_scan": shop.pick_scan,
    }  # fmt: skip
    return {
        "id": merchant.merchant_id, "name": shop.name, "token": merchant.token, "locale": shop.locale,
        "stores": [store], "email": merchant.email, "notices": shop.notices,
        "feed_token": merchant.feed_token,
        "base_list_path": f"/files/{merchant.merchant_id}/base.xml",
        "catalogue_path": f"/files/{merchant.merchant_id}/catalogue.csv",
        "applications_path": f"/files/{merchant.merchant_id}/applications.csv",
    }  # fmt: skip
