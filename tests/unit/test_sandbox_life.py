"""What follows from our price lists: pulls, purchases, the second part of the truth, and a restart."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from include.sandbox.buyer import Pull
from include.sandbox.catalogue import resale_price, resale_sku
from include.sandbox.life import ClockMovesForward
from include.sandbox.moments import HOUR
from include.sandbox.price_list import Offer, base_offers, to_xml
from include.sandbox.session import Session
from include.sandbox.state import OtherWorld
from include.sandbox.world import write_world


class PerfectShop:
    """Publishes, at each tick, the base plus every returned unit that passed QC and was not bought."""

    def __init__(self, *, only_base: bool = False) -> None:
        self.published: dict[str, tuple[int, bytes]] = {}
        self.listed: set[str] = set()
        self.gets = 0
        self.only_base = only_base
        self.broken = False

    def publish(self, session: Session) -> None:
        now, world = session.life.now, session.world
        for merchant in world.merchants.values():
            offers = {o.sku: o for o in base_offers(world, world.stock, merchant, now)}
            if not merchant.shop.base_includes_returns and not self.only_base:
                self._add_returned(session, merchant, offers)
            version, before = self.published.get(merchant.merchant_id, (0, b""))
            body = to_xml(merchant, iter(offers.values()), world.span.end)
            if body != before:
                self.published[merchant.merchant_id] = (version + 1, body)

    def _add_returned(self, session: Session, merchant: Any, offers: dict[str, Offer]) -> None:
        now, world = session.life.now, session.world
        for sku, product in merchant.products.items():
            main = offers[sku]
            surplus = world.free_units(merchant.merchant_id, sku, now)
            if main.quantity is not None and main.available:
                main.quantity += len(surplus)
                self._note(session, surplus)
            resale = world.free_units(merchant.merchant_id, resale_sku(sku), now)
            if resale:
                price = resale_price(product.price)
                offers[resale_sku(sku)] = Offer(resale_sku(sku), main.store_id, price, len(resale), True, "m", "b")
                self._note(session, resale)

    def _note(self, session: Session, units: list[Any]) -> None:
        self.listed |= {unit.label for unit in units if unit.listed_at is None}

    def __call__(self, merchant_id: str, url: str, etag: str | None, at: dt.datetime) -> Pull:
        self.gets += 1
        if self.broken:
            return Pull(merchant_id, at, 200, etag='"x"', body="<html>oops")
        version, body = self.published[merchant_id]
        if etag == f'"{version}"':
            return Pull(merchant_id, at, 304, etag=etag)
        return Pull(merchant_id, at, 200, str(version), f'"{version}"', body=body.decode())


def opened(folder: Path, shop: PerfectShop) -> Session:
    world = write_world()
    return Session(world, folder, world.span.start_of_life, shop)


def live_through(session: Session, shop: PerfectShop) -> None:
    shop.publish(session)
    for merchant_id in session.world.merchants:
        session.register_feed(merchant_id, f"http://feed/{merchant_id}.xml")
    for tick in session.world.span.ticks():
        session.advance(tick)
        shop.publish(session)


def counts(session: Session, name: str) -> dict[str, int]:
    return {m: c[name] for m, c in session.truth()["listings"]["merchants"].items()}


def test_observed_units_are_exactly_those_a_perfect_shop_listed(tmp_path: Path) -> None:
    shop = PerfectShop()
    session = opened(tmp_path, shop)
    live_through(session, shop)
    seen = counts(session, "units_observed")
    by_label = {unit.label: unit for unit in session.world.units}
    listed = [by_label[label].merchant_id for label in shop.listed]
    assert seen["almaty_tech"] == listed.count("almaty_tech") > 0
    assert seen["jibek_home"] == listed.count("jibek_home") > 0
    assert seen["sary_kids"] > 0
    assert shop.gets == len(session.life.pulls) == 48 * 3


def test_a_shop_that_lists_no_returns_has_none_observed(tmp_path: Path) -> None:
    shop = PerfectShop(only_base=True)
    session = opened(tmp_path, shop)
    live_through(session, shop)
    assert counts(session, "units_observed") | {"sary_kids": 0} == {
        "almaty_tech": 0,
        "jibek_home": 0,
        "sary_kids": 0,
    }
    assert all(not sale.from_base for sale in session.life.sales)
    assert {s.merchant_id for s in session.life.sales if s.ordered_at > session.world.span.start_of_life + HOUR} == {
        "sary_kids"
    }


def test_the_buyer_buys_what_is_there_and_no_piece_twice(tmp_path: Path) -> None:
    shop = PerfectShop()
    session = opened(tmp_path, shop)
    live_through(session, shop)
    standing = [s for s in session.life.sales if s.cancelled_at is None and not s.from_base]
    labels = [sale.unit_label for sale in standing]
    assert None not in labels
    assert len(labels) == len(set(labels)) >= 10
    assert all(o.quantity is None or o.quantity >= 0 for v in session.life.views.values() for o in v.offers.values())


def test_a_picked_event_follows_each_hand_over_where_labels_are_scanned(tmp_path: Path) -> None:
    shop = PerfectShop()
    session = opened(tmp_path, shop)
    live_through(session, shop)
    now = session.life.now
    handed = {
        s.order_code for s in session.life.sales
        if s.unit_label and s.merchant_id != "jibek_home"
        and s.handed_over_at and s.handed_over_at < now - HOUR
    }  # fmt: skip
    outboxes = session.life.outboxes.values()
    picked = {d.event.facts["order_code"] for o in outboxes for d in o.delivered if d.event.type == "picked"}
    assert handed and handed <= picked


def test_a_broken_list_leaves_the_old_view(tmp_path: Path) -> None:
    shop = PerfectShop()
    session = opened(tmp_path, shop)
    before = len(session.life.views["almaty_tech"].offers)
    shop.broken = True
    session.register_feed("almaty_tech", "http://feed/a.xml")
    session.advance(session.life.now + HOUR)
    assert session.life.pulls[0].problem and not session.life.pulls[0].changed
    assert len(session.life.views["almaty_tech"].offers) == before


def test_an_offer_missing_from_the_list_goes_off_sale(tmp_path: Path) -> None:
    shop = PerfectShop(only_base=True)
    session = opened(tmp_path, shop)
    view = session.life.views["almaty_tech"]
    gone = [sku for sku in view.offers if sku.endswith("R")]
    assert gone
    shop.publish(session)
    session.register_feed("almaty_tech", "http://feed/a.xml")
    session.advance(session.life.now + HOUR)
    seen = {offer["sku"]: offer for offer in view.as_seen(session.life.now)["offers"]}
    assert all(seen[sku]["on_sale"] is False and seen[sku]["quantity"] == 0 for sku in gone)


def test_the_clock_does_not_go_back_and_standing_still_is_allowed(tmp_path: Path) -> None:
    session = opened(tmp_path, PerfectShop())
    session.advance(session.life.now)
    with pytest.raises(ClockMovesForward):
        session.advance(session.life.now - HOUR)


def test_steps_do_not_matter_only_where_the_clock_stands(tmp_path: Path) -> None:
    shop = PerfectShop()
    one, two = opened(tmp_path / "one", shop), opened(tmp_path / "two", shop)
    shop.publish(one)
    for session in (one, two):
        session.register_feed("almaty_tech", "http://feed/a.xml")
    one.advance(one.life.now + 20 * HOUR)
    for _ in range(40):
        two.advance(two.life.now + HOUR / 2)
    assert one.truth() == two.truth()


def test_a_restart_goes_on_where_it_stood_without_asking_again(tmp_path: Path) -> None:
    shop = PerfectShop()
    session = opened(tmp_path, shop)
    live_through(session, shop)
    before, gets = session.truth(), shop.gets
    delivered = [d.event.event_id for d in session.life.outboxes["w1"].delivered]
    again = opened(tmp_path, shop)
    assert again.truth() == before
    assert shop.gets == gets
    assert [d.event.event_id for d in again.life.outboxes["w1"].delivered] == delivered
    assert json.loads((tmp_path / "truth" / "world.json").read_text(encoding="utf-8")) == before["world"]


def test_a_folder_of_another_world_is_refused(tmp_path: Path) -> None:
    opened(tmp_path, PerfectShop()).advance(write_world().span.start_of_life + HOUR)
    other = write_world(seed=1)
    with pytest.raises(OtherWorld):
        Session(other, tmp_path, other.span.start_of_life)


def test_dropped_files_hold_every_event_of_the_second_warehouse_once_delivered(tmp_path: Path) -> None:
    session = opened(tmp_path, PerfectShop())
    session.advance(session.world.span.end)
    files = sorted((tmp_path / "drop" / "w2").iterdir())
    assert all(path.suffix == ".csv" for path in files)
    rows = sum(len(path.read_text(encoding="utf-8").splitlines()) - 1 for path in files)
    last = session.world.span.end.replace(minute=0)
    assert rows == sum(delivery.at <= last for delivery in session.life.outboxes["w2"].delivered) > 500
