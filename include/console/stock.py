"""Is on sale what should be: the daily comparison by offer and store, and what stands behind each of its numbers."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse

from include.console.sheets import cut, sheet
from include.console.site import Site, View, language_of
from include.db.connection import Connection
from include.db.statements import run
from include.domain.staff import Staff
from include.locale import stock_labels
from include.locale.labels import label
from include.locale.words import Words

SHOWN = 200
IN_A_FILE = 100_000
HARMFUL = frozenset({"published_more", "buyers_see_more", "warehouse_has_fewer", "no_list"})

Text = Annotated[str | None, Query(max_length=100)]


def stock_routes(site: Site) -> APIRouter:
    """Return the pages and their files. Who looks sees the offers of his own merchants only."""
    router = APIRouter()

    @router.get("/stock", response_class=HTMLResponse)
    def page(request: Request, merchant: Text = None, cause: Text = None, show: Text = None) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant or None)
            content = stock(conn, view, cause or None, show == "all", site.now(), language)
        return site.page(request, "stock.html", language, content, section="stock")

    @router.get("/stock.csv")
    def page_file(request: Request, merchant: Text = None, cause: Text = None, show: Text = None) -> Response:
        language = language_of(request)
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant or None)
            rows = _offers(conn, view.whose, cause or None, everything=show == "all", shown=IN_A_FILE)
        return sheet("stock.csv", _heading(language), [*_lines(rows, language), *cut(rows, language)])

    @router.get("/stock/offer", response_class=HTMLResponse)
    def one(
        request: Request,
        shop: Annotated[str, Query(max_length=100)],
        store: Annotated[str, Query(max_length=100)],
        sku: Annotated[str, Query(max_length=200)],
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            _must_see(site.staff(conn, request), shop)
            content = offer(conn, shop, store, sku, site.now(), language)
        return site.page(request, "stock_offer.html", language, content, section="stock")

    @router.get("/stock/units.csv")
    def units_file(
        request: Request,
        shop: Annotated[str, Query(max_length=100)],
        store: Annotated[str, Query(max_length=100)],
        sku: Annotated[str, Query(max_length=200)],
    ) -> Response:
        language = language_of(request)
        with site.warehouse() as conn:
            _must_see(site.staff(conn, request), shop)
            units = _units(conn, shop, store, sku, site.now(), language)
        return sheet("units.csv", _unit_heading(language), _unit_lines(units))

    return router


def _must_see(staff: Staff, merchant_id: str) -> None:
    if not staff.may("viewer", merchant_id):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such offer")


def stock(
    conn: Connection, view: View, cause: str | None, everything: bool, now: dt.datetime, words: Words
) -> dict[str, Any]:
    """Return the values of the template ``stock.html``: the offers of the merchants that are shown."""
    whose = view.whose
    cause = cause if cause in stock_labels.CAUSES else None
    rows = _offers(conn, whose, cause, everything=everything, shown=SHOWN)
    found = {row["cause"]: row for row in run(conn, "report/stock_causes", merchants=whose)}
    totals = run(conn, "report/stock_totals", merchants=whose).fetchall()
    return {
        **view.content,
        "now": now,
        "kept": {"show": "all" if everything else "", "cause": cause or ""},
        "everything": everything,
        "cause": cause,
        "cause_name": stock_labels.cause_name(words, cause) if cause else "",
        "causes": [
            {
                **found[code],
                "name": stock_labels.cause_name(words, code),
                "advice": stock_labels.advice(words, code),
                "chip": "bad" if code in HARMFUL else "warn",
            }
            for code in stock_labels.CAUSES
            if code in found
        ],
        "held": run(conn, "report/stock_held", merchants=whose).fetchall(),
        "compared_at": min((row["compared_at"] for row in totals if row["compared_at"]), default=None),
        "offers": sum(row["offers"] for row in totals),
        "diverging": sum(row["diverging"] for row in totals),
        "money": sum(row["money"] for row in totals),
        "rows": [_row(row, words) for row in rows],
        "listed": rows[0]["listed"] if rows else 0,
    }


def _offers(
    conn: Connection,
    merchants: list[str],
    cause: str | None,
    *,
    everything: bool,
    shown: int,
    offer_sku: str | None = None,
    store_id: str | None = None,
) -> list[dict[str, Any]]:
    return run(
        conn,
        "report/stock_offers",
        merchants=merchants,
        cause=cause,
        everything=everything,
        offer_sku=offer_sku,
        store_id=store_id,
        shown=shown,
    ).fetchall()


def _row(row: dict[str, Any], words: Words) -> dict[str, Any]:
    """Return an offer with its differences in words, and which of its numbers are wrong."""
    causes = {one["cause"] for one in row["differences"]}
    return {
        **row,
        "wrong_published": bool(causes & {"published_fewer", "published_more", "waiting", "no_list", "not_fetched"}),
        "wrong_observed": bool(causes & {"buyers_see_fewer", "buyers_see_more"}),
        "wrong_price": "price" in causes,
        "wrong_counted": bool(causes & {"warehouse_has_fewer", "warehouse_has_more"}),
        "told": [
            {
                "name": stock_labels.cause_name(words, one["cause"]),
                "advice": stock_labels.advice(words, one["cause"]),
                "text": stock_labels.told(words, one["cause"], one["expected"], one["found"], one["detail"]),
                "chip": "bad" if one["cause"] in HARMFUL else "warn",
                "pieces": one["pieces"],
                "money": one["money"],
            }
            for one in row["differences"]
        ],
    }


def _heading(words: Words) -> list[str]:
    _ = words._
    return [
        _("merchant"), _("store"), _("offer"), _("product"), _("base"), _("returned"), _("should be"), _("published"),
        _("buyers should see"), _("buyers see"), _("on the shelf"), _("counted"), _("price"), _("price seen"),
        _("differs"), _("money at stake"), _("since"),
    ]  # fmt: skip


def _lines(rows: list[dict[str, Any]], words: Words) -> Iterator[list[Any]]:
    for row in rows:
        told = [f"{one['name']}: {one['text']}" if one["text"] else one["name"] for one in _row(row, words)["told"]]
        yield [
            row["merchant"], row["store_id"], row["offer_sku"], row["product_name"], row["base_qty"],
            row["returned_qty"], row["desired_qty"], row["published_qty"], row["expected_hi"], row["observed_qty"],
            row["shelf_qty"], row["wms_qty"], row["published_price"], row["observed_price"], "; ".join(told),
            row["money"] or None, row["since"].isoformat() if row["since"] else None,
        ]  # fmt: skip


def offer(
    conn: Connection, merchant_id: str, store_id: str, offer_sku: str, now: dt.datetime, words: Words
) -> dict[str, Any]:
    """Return the values of the template ``stock_offer.html``: what stands behind each number of one offer."""
    rows = _offers(conn, [merchant_id], None, everything=True, shown=1, offer_sku=offer_sku, store_id=store_id)
    if not rows:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such offer")
    key = {"merchant_id": merchant_id, "store_id": store_id, "offer_sku": offer_sku}
    looks = run(conn, "report/stock_offer_looks", **key).fetchall()
    since = rows[0]["fetched_at"]
    return {
        "now": now,
        "kept": {"shop": merchant_id, "store": store_id, "sku": offer_sku},
        "offer": _row(rows[0], words),
        "units": _units(conn, merchant_id, store_id, offer_sku, now, words),
        "orders": run(conn, "report/stock_offer_orders", **key, since=since).fetchall() if since else [],
        "versions": run(conn, "report/stock_offer_versions", **key).fetchall(),
        "seen": [one for one in looks if one["what"] == "seen"],
        "counted": [one for one in looks if one["what"] == "counted"],
    }


def _units(
    conn: Connection, merchant_id: str, store_id: str, offer_sku: str, now: dt.datetime, words: Words
) -> list[dict[str, Any]]:
    rows = run(
        conn, "report/stock_offer_units", merchant_id=merchant_id, store_id=store_id, offer_sku=offer_sku, now=now
    ).fetchall()
    return [
        {
            **row,
            "state_name": label(words, stock_labels.UNITS, row["state"]),
            "waits": stock_labels.reasons(words, row["waiting_reason"]),
            "taken": _taken(row, words),
        }
        for row in rows
    ]


def _taken(row: dict[str, Any], words: Words) -> str:
    """Return which order has the unit; nothing of one that is free."""
    if row["order_code"] is None:
        return ""
    if row["state"] == "resold":
        return words._("sold in order {order_code}", order_code=row["order_code"])
    return words._("reserved by order {order_code}", order_code=row["order_code"])


def _unit_heading(words: Words) -> list[str]:
    _ = words._
    return [
        _("piece"), _("unit"), _("state"), _("quality check"), _("published"), _("taken by Kaspi"), _("seen by buyers"),
        _("order"), _("why it waits"),
    ]  # fmt: skip


def _unit_lines(units: list[dict[str, Any]]) -> Iterator[list[Any]]:
    for unit in units:
        times = [
            unit[name] and unit[name].isoformat() for name in ("qc_at", "published_at", "fetched_at", "observed_at")
        ]
        yield [unit["unit_label"], str(unit["unit_id"]), unit["state_name"], *times, unit["order_code"], unit["waits"]]
