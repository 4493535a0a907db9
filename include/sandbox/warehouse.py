"""What the warehouses do with a piece that arrives: scan, inspect, repack or repair, check, dispose."""

import datetime as dt
import itertools
import random
from collections import Counter
from dataclasses import replace
from typing import Any

from include.sandbox.assortment import Shop
from include.sandbox.catalogue import Merchant
from include.sandbox.moments import DAY, later, stream, within_hours
from include.sandbox.orders import Order
from include.sandbox.span import Span
from include.sandbox.units import Inspection, Unit
from include.sandbox.wms_events import Event

SOURCES = {"W1": "w1", "W2": "w2"}
SECOND_LABELS_FROM = 900_001
STAFF = {
    "dock": ("dock-1", "dock-2"),
    "inspector": ("insp-1", "insp-2", "insp-3"),
    "repairer": ("rep-1", "rep-2"),
    "checker": ("qc-1", "qc-2"),
    "manager": ("lead-1",),
}
MINUTE = dt.timedelta(minutes=1)
QC_FAILS = 0.04
REPAIR_SUCCEEDS = 0.7
DUPLICATE_SCANS = 3
LATE_EVENTS = 3
LATE_BY = 90 * MINUTE
ZONES = {"main": "resellable", "resale": "resellable", "off_kaspi": "resellable", "repair": "repair",
         "supplier": "unrecoverable", "write_off": "unrecoverable"}  # fmt: skip
DEFECTS = {
    "defective": (
        "не включается",
        "не держит заряд",
        "посторонний шум",
        "не работает кнопка",
        "расходится шов",
    ),
    "damaged_in_transit": ("вмятина на корпусе", "трещина", "скол"),
    "incomplete": ("нет аксессуара", "нет инструкции"),
    "used": ("потёртости", "следы использования"),
}
# How far what the carrier damaged goes, with the upper end of its share.
DAMAGE = (("packaging", 0.25), ("one_side", 0.85), ("all_round", 1.0))
ALL_ROUND = ("корпус деформирован", "трещины на всех стенках")


class Warehouse:
    """Works every arriving unit off and writes the events of it."""

    def __init__(self, seed: int, span: Span, merchants: dict[str, Merchant], chance: str = "warehouse") -> None:
        self.seed = seed
        self.span = span
        self.merchants = merchants
        self.rng = stream(seed, chance)
        self.events: list[Event] = []

    def work_off(self, units: list[Unit]) -> None:
        """Label the units in the order of their arrival and take each to the end of its way."""
        self._take_in(units, 1)
        self._report_missing(units)
        self._plant_duplicate_scans()
        self._plant_late_events()

    def work_off_second_pieces(self, units: list[Unit]) -> None:
        """The same for the second pieces of lines, with labels of their own and nothing planted."""
        self._take_in(units, SECOND_LABELS_FROM)

    def _take_in(self, units: list[Unit], first_label: int) -> None:
        counters = {warehouse: itertools.count(first_label) for warehouse in SOURCES}
        arriving = [unit for unit in units if unit.arrives_at is not None]
        for unit in sorted(arriving, key=lambda u: (u.arrives_at, u.merchant_id, u.sku)):
            number = next(counters[self._shop(unit).warehouse])
            unit.label = f"{self._shop(unit).warehouse}-{number:06d}"
            self._receive(unit)
            if unit.order is None:
                self._clear_unexpected(unit)
            else:
                self._inspect(unit)

    def _shop(self, unit: Unit) -> Shop:
        return self.merchants[unit.merchant_id].shop

    def _write(
        self, unit: Unit, type_: str, at: dt.datetime, role: str, actor: str | None = None, **facts: Any
    ) -> Event:
        shop = self._shop(unit)
        event = Event(
            source=SOURCES[shop.warehouse],
            type=type_,
            occurred_at=at,
            recorded_at=at + self.rng.randrange(5, 150) * dt.timedelta(seconds=1),
            merchant_id=unit.merchant_id,
            store_id=unit.store_id,
            actor=actor or f"{shop.warehouse.lower()}-{self.rng.choice(STAFF[role])}",
            unit_label=unit.label or None,
            facts=facts,
        )
        self.events.append(event)
        return event

    # --- the dock

    def _receive(self, unit: Unit) -> None:
        assert unit.arrives_at is not None
        facts = self._references(unit, unit.order) if unit.order else self._stray_references(unit)
        damaged = unit.cause == "damaged_in_transit"
        unit.act_note = "коробка повреждена" if damaged and self.rng.random() < 0.7 else None
        unit.same_city = bool(facts.get("same_city"))
        self._write(
            unit, "received", unit.arrives_at, "dock",
            return_order_no=f"RO-{unit.label}",
            stated_reason=unit.stated_reason,
            packaging_note=unit.act_note,
            **facts,
        )  # fmt: skip

    def _references(self, unit: Unit, order: Order) -> dict[str, Any]:
        """Return what the scanner could read; a parcel of several things always shows which one it is."""
        rng = self.rng
        product = self.merchants[unit.merchant_id].products[unit.sku]
        wrong = unit.cause == "wrong_item"
        tell = not order.certain
        customer = unit.kind == "customer_return"
        return {
            "return_label": unit.return_label if customer else None,
            "waybill": order.waybill if not customer else None,
            "order_code": order.code if rng.random() < 0.6 else None,
            "ean": rng.choice(product.eans) if not wrong and (tell or rng.random() < 0.7) else None,
            "sku": unit.sku if not wrong and rng.random() < 0.5 else None,
            "same_city": order.buyer.city == self._shop(unit).city,
        }

    def _stray_references(self, unit: Unit) -> dict[str, Any]:
        product = self.merchants[unit.merchant_id].products[unit.sku]
        matchless = self.rng.random() < 0.5
        return {
            "return_label": f"{self.rng.randrange(400_000_000, 500_000_000)}-1-R" if matchless else None,
            "ean": product.eans[0],
            "sku": unit.sku if self.rng.random() < 0.5 else None,
        }

    def _clear_unexpected(self, unit: Unit) -> None:
        assert unit.arrives_at is not None
        if self.rng.random() < 0.3:
            return
        self._end(unit, self.rng.choice(("to_supplier", "returned_to_buyer", "disposed")), unit.arrives_at, 100, 400)

    def _report_missing(self, units: list[Unit]) -> None:
        """When a parcel is opened, say which of its pieces is not there."""
        for unit in units:
            if not unit.missing_from_parcel or unit.order is None:
                continue
            others = [u.arrives_at for u in units if u.order is unit.order and u.arrives_at]
            at = max(others) + 4 * MINUTE
            self._write(unit, "missing_from_parcel", at, "dock", order_code=unit.order.code, sku=unit.sku)

    # --- the table

    def _inspect(self, unit: Unit) -> None:
        assert unit.arrives_at is not None
        wait = (0.5, 2.0) if unit.hurried else (1.0, 60.0)
        unit.inspected_at = within_hours(later(self.rng, unit.arrives_at, *wait))
        unit.inspection = seen = self._damaged(unit, self._look(unit))
        event = self._write(
            unit, "inspected", unit.inspected_at, "inspector",
            packaging_intact=seen.packaging_intact, complete=seen.complete, documents=seen.documents,
            signs_of_use=seen.signs_of_use, defects=list(seen.defects), grade=seen.grade,
            finding=seen.finding, route=seen.route, zone=seen.zone,
        )  # fmt: skip
        if seen.finding == "wrong_item":
            if self.rng.random() < 0.8:
                self._end(unit, self.rng.choice(("returned_to_buyer", "disposed")), unit.inspected_at, 48, 200)
        elif seen.route in ("main", "off_kaspi"):
            self._check(unit, unit.inspected_at, seen.route)
        elif seen.route == "resale":
            self._repack(unit, unit.inspected_at, event.actor)
        elif seen.route == "repair":
            self._repair(unit, unit.inspected_at)
        else:
            self._give_up(unit, unit.inspected_at, "to_supplier" if seen.route == "supplier" else None)

    def _damaged(self, unit: Unit, seen: Inspection) -> Inspection:
        """Say how far the carrier's damage goes; drawn by the label, so that nothing else in the world moves."""
        if unit.cause != "damaged_in_transit":
            return seen
        draw = stream(self.seed, "damage", unit.label).random()
        unit.damage = next(extent for extent, share in DAMAGE if draw < share)
        used = tuple(defect for defect in seen.defects if defect in DEFECTS["used"])
        worst = {"packaging": (), "all_round": ALL_ROUND}.get(unit.damage, seen.defects)
        return replace(seen, defects=(*worst, *(one for one in used if one not in worst)))

    def _look(self, unit: Unit) -> Inspection:
        """Decide what the inspector sees; it follows from the true cause, not from what the buyer said."""
        rng, cause = self.rng, unit.cause
        if unit.pristine:
            return self._note("main", "A", "no_fault", intact=True)
        if unit.worn:
            found = "no_fault" if cause in ("changed_mind", "late_or_undelivered") else cause
            return self._note("supplier" if cause == "defective" else "write_off", "D", found, used=True)
        if cause == "wrong_item":
            return self._note("write_off", "D", "wrong_item", intact=rng.random() < 0.5)
        if cause == "defective":
            route = rng.choices(("repair", "supplier", "write_off"), (35, 45, 20))[0]
            return self._note(route, "D" if route == "write_off" else "C", cause, used=rng.random() < 0.3)
        if cause == "damaged_in_transit":
            route = rng.choices(("resale", "repair", "write_off"), (5, 3, 2))[0]
            return self._note(route, {"resale": "B", "repair": "C"}.get(route, "D"), cause)
        if cause == "incomplete":
            return self._note("resale", "B", cause, complete=False)
        return self._look_at_sound_goods(unit)

    def _look_at_sound_goods(self, unit: Unit) -> Inspection:
        rng = self.rng
        finding = unit.cause if unit.cause in ("does_not_fit", "not_as_described") else "no_fault"
        opened = unit.kind == "customer_return"
        if opened and rng.random() < 0.14:
            return self._note("off_kaspi", "C", finding, used=True, intact=False)
        shop = self._shop(unit)
        # where neither a count nor a scan could tell a returned piece from a base one, it gets its own offer
        tellable = shop.pick_scan or self.merchants[unit.merchant_id].products[unit.sku].counted
        if rng.random() < (shop.intact_share if opened else max(shop.intact_share, 0.6)) and tellable:
            return self._note("main", "A", finding, intact=True)
        return self._note("resale", "B", finding)

    def _note(
        self,
        route: str,
        grade: str,
        finding: str,
        *,
        intact: bool = False,
        complete: bool = True,
        used: bool = False,
    ) -> Inspection:
        kinds = [finding, *(["used"] if used else [])]
        defects = tuple(self.rng.choice(DEFECTS[kind]) for kind in kinds if kind in DEFECTS)
        return Inspection(
            packaging_intact=intact, complete=complete, documents=grade in "AB" or self.rng.random() < 0.8,
            signs_of_use=used, defects=defects, grade=grade, finding=finding, route=route, zone=ZONES[route],
        )  # fmt: skip

    # --- work, and the last look

    def _repack(self, unit: Unit, since: dt.datetime, inspector: str) -> None:
        wait = (0.3, 1.0) if unit.hurried else (1.0, 6.0)
        done = within_hours(later(self.rng, since, *wait))
        materials = "коробка, плёнка, этикетка" if self.rng.random() < 0.5 else "плёнка, этикетка"
        self._write(unit, "repacked", done, "inspector", actor=inspector, materials=materials,
                    minutes=self.rng.randrange(4, 16))  # fmt: skip
        self._check(unit, done, "resale")

    def _repair(self, unit: Unit, since: dt.datetime) -> None:
        taken = within_hours(later(self.rng, since, 1, 5))
        event = self._write(unit, "in_repair", taken, "repairer")
        done = within_hours(later(self.rng, taken, *((3, 20) if unit.hurried else (20, 50))))
        if self.rng.random() >= REPAIR_SUCCEEDS:
            self._give_up(unit, done, None)
            return
        unit.repaired_at = done
        self._write(unit, "repaired", done, "repairer", actor=event.actor, minutes=self.rng.randrange(15, 70),
                    materials=self.rng.choice(("аккумулятор", "кнопка", "крепёж", None)))  # fmt: skip
        self._check(unit, done, "off_kaspi")

    def _check(self, unit: Unit, since: dt.datetime, channel: str) -> None:
        """QC, always by somebody whose only work it is."""
        wait = (0.5, 2.5) if unit.hurried else (1.0, 20.0)
        at = within_hours(later(self.rng, since, *wait))
        passed = unit.pristine or self.rng.random() >= QC_FAILS
        checker = f"{self._shop(unit).warehouse.lower()}-{self.rng.choice(STAFF['checker'])}"
        self._write(unit, "qc", at, "checker", actor=checker, passed=passed, checked_by=checker)
        if passed:
            unit.qc_at, unit.channel = at, channel
        else:
            unit.qc_failed_at = at
            self._give_up(unit, at, None)

    def _give_up(self, unit: Unit, since: dt.datetime, way_out: str | None) -> None:
        at = within_hours(later(self.rng, since, 0.5, 6))
        self._write(unit, "unrecoverable", at, "manager", note="восстановление не окупается")
        self._end(unit, way_out or self.rng.choices(("written_off", "disposed"), (7, 3))[0], at, 20, 120)

    def _end(self, unit: Unit, way: str, since: dt.datetime, low: float, high: float) -> None:
        unit.ended_at = within_hours(later(self.rng, since, low, high))
        unit.ended_as = way
        self._write(unit, way, unit.ended_at, "manager")

    # --- bad manners

    def _plant_duplicate_scans(self) -> None:
        """The operator scans a label that is already in: a new scan id, the same piece."""
        past, lived = self._inspected_receipts()
        for event in [*self.rng.sample(past, DUPLICATE_SCANS - 1), *self.rng.sample(lived, 1)]:
            again = replace(event, facts={**event.facts, "return_order_no": f"{event.facts['return_order_no']}-2"})
            again.occurred_at += 3 * MINUTE
            again.recorded_at = again.occurred_at + MINUTE
            self.events.append(again)

    def _plant_late_events(self) -> None:
        """The receipt reaches the feed after the inspection it precedes; the last one even a tick later."""
        inspected = {e.unit_label: e.recorded_at for e in self.events if e.type == "inspected"}
        past, lived = self._inspected_receipts()
        for event in self.rng.sample(past, LATE_EVENTS - 1):
            event.recorded_at = inspected[event.unit_label] + LATE_BY
        for tick in self.span.ticks():
            before = [event for event in lived if inspected[event.unit_label] < tick - 10 * MINUTE]
            if before:
                last = max(before, key=lambda event: inspected[event.unit_label])
                last.recorded_at = tick + LATE_BY / 2
                return

    def _inspected_receipts(self) -> tuple[list[Event], list[Event]]:
        """Return the single receipts of inspected units: those of history, those of the lived hours."""
        inspected = {event.unit_label for event in self.events if event.type == "inspected"}
        scans = Counter(event.unit_label for event in self.events if event.type == "received")
        single = [
            e for e in self.events if e.type == "received" and e.unit_label in inspected and scans[e.unit_label] == 1
        ]
        start, end = self.span.start_of_life, self.span.end
        past = [event for event in single if event.occurred_at < start - 3 * DAY]
        return past, [event for event in single if start < event.occurred_at < end]


def pick(
    rng: random.Random, merchant: Merchant, unit_label: str, order: Order, at: dt.datetime, offer_sku: str
) -> Event:
    """Return the event of a returned unit taken from the shelf for an order."""
    shop = merchant.shop
    return Event(
        source=SOURCES[shop.warehouse], type="picked", occurred_at=at, recorded_at=at + MINUTE,
        merchant_id=merchant.merchant_id, store_id=shop.store_id,
        actor=f"{shop.warehouse.lower()}-{rng.choice(STAFF['dock'])}", unit_label=unit_label,
        facts={"order_code": order.code, "offer_sku": offer_sku},
    )  # fmt: skip
