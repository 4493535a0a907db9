"""Suppliers: their shares of defects against the agreed ones, the pieces behind each number, claims to them."""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from include.console.guard import Refused
from include.console.sheets import cut, sheet
from include.console.site import Site, View, actor_of, back, form_of, id_of_form, language_of, text_of_form
from include.console.supplier_charts import trend
from include.db.connection import Connection
from include.db.statements import run
from include.domain.staff import Staff
from include.domain.suppliers import Rate
from include.flows import suppliers
from include.flows.second_look import hidden_from, waits_for
from include.flows.suppliers import Claim, Part, Period, Score, SupplierRefused, Wanted
from include.locale import supplier_labels
from include.locale.desk_labels import FINDINGS
from include.locale.desk_labels import STATES as STATE_NAMES
from include.locale.labels import label
from include.locale.words import Words
from include.reports.supplier_claim import Paper, basis, claim_pdf, findings, name_of
from include.reports.supplier_claim_book import claim_book
from include.reports.workbook import MIME as XLSX

SHOWN = 25
CLAIMS_SHOWN = 50
IN_A_FILE = 100_000
PARTS = tuple(supplier_labels.PARTS)
CHIPS = {"above": "bad", "perhaps": "warn", "within": "good"}

Text = Annotated[str | None, Query(max_length=200)]
First = Annotated[str | None, Query(alias="from", max_length=10)]
Last = Annotated[str | None, Query(alias="to", max_length=10)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: goods of a supplier, days, and which pieces of them."""

    shop: str
    supplier: str
    first: str
    last: str
    category: str
    sku: str
    batch: str
    finding: str
    show: str

    @property
    def kept(self) -> dict[str, str]:
        """Return it as an address says it."""
        named = asdict(self)
        return {{"first": "from", "last": "to"}.get(name, name): value for name, value in named.items() if value}

    def wanted(self, site: Site, hidden: Collection[UUID] = ()) -> Wanted:
        """Return the pieces that are meant, without those that are hidden from who asks."""
        return Wanted(
            self.shop, self.supplier, Period.of(self.first, self.last, site.now()), self.category or None,
            self.sku or None, self.batch or None, self.finding or None, self.show,
            hidden,
        )  # fmt: skip


def _asked(
    shop: Annotated[str, Query(max_length=100)],
    supplier: Annotated[str, Query(max_length=200)],
    first: First = None,
    last: Last = None,
    category: Text = None,
    sku: Text = None,
    batch: Text = None,
    finding: Text = None,
    show: Text = None,
) -> Asked:
    shown = show if show in supplier_labels.SHOWS else "all"
    return Asked(
        shop, supplier, first or "", last or "", category or "", sku or "", batch or "", finding or "", shown
    )  # fmt: skip


Goods = Annotated[Asked, Depends(_asked)]


def suppliers_routes(site: Site) -> APIRouter:
    """Return the pages, their files and what their forms do. Who looks sees his own merchants' suppliers only."""
    router = APIRouter()
    _scorecard(router, site)
    _supplier(router, site)
    _claims(router, site)
    return router


# --- the scorecard


def _scorecard(router: APIRouter, site: Site) -> None:
    @router.get("/suppliers", response_class=HTMLResponse)
    def page(
        request: Request,
        merchant: Text = None,
        category: Text = None,
        first: First = None,
        last: Last = None,
    ) -> HTMLResponse:
        language, period = language_of(request), Period.of(first, last, site.now())
        with site.warehouse() as conn:
            content = scorecard(conn, site.view(conn, request, merchant or None), period, category or None, language)
        content |= {"now": site.now(), "kept": {"category": category, "from": first, "to": last}}
        return site.page(request, "suppliers.html", language, content, section="suppliers")

    @router.get("/suppliers.csv")
    def page_file(
        request: Request,
        merchant: Text = None,
        category: Text = None,
        first: First = None,
        last: Last = None,
    ) -> Response:
        language, period = language_of(request), Period.of(first, last, site.now())
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant or None)
            hidden = hidden_from(conn, view.staff, view.whose)
            rows = suppliers.scores(conn, view.whose, period, category or None, hidden=hidden)
        return sheet("suppliers.csv", _score_heading(language), (_score_line(row, language) for row in rows))


def scorecard(conn: Connection, view: View, period: Period, category: str | None, words: Words) -> dict[str, Any]:
    """Return the values of the template ``suppliers.html``."""
    hidden = hidden_from(conn, view.staff, view.whose)
    rows = suppliers.scores(conn, view.whose, period, category, hidden=hidden)
    claims = run(
        conn, "core/supplier_claim__listed", merchants=view.whose, supplier=None, hidden=hidden, shown=CLAIMS_SHOWN
    )
    return {
        **view.content,
        "names": {row["merchant_id"]: row["name"] for row in view.merchants},
        "period": period,
        "category": category,
        "categories": [row["category"] for row in run(conn, "console/supplier_categories", merchants=view.whose)],
        "rows": [_score(row, period, category, words) for row in rows],
        "claims": _claim_rows(claims.fetchall(), words),
    }


def _score(row: Score, period: Period, category: str | None, words: Words) -> dict[str, Any]:
    """Return a supplier as both pages show him, with the address of the pieces behind each number."""
    asked = {"shop": row.merchant_id, "supplier": row.supplier, "category": category or "",
             "from": period.first.isoformat(), "to": period.last.isoformat()}  # fmt: skip
    links = {
        show: urlencode({"lang": words.language, **asked, "show": show}) + "#pieces" for show in supplier_labels.SHOWS
    }
    return {
        "merchant_id": row.merchant_id,
        "supplier": row.supplier,
        "named": _named(row.supplier, words),
        "link": urlencode({"lang": words.language, **asked}),
        "links": links,
        "returns": _rate(row.returns, words),
        "sold": _rate(row.sold, words),
        "agreed": _percent(row.agreed, words),
        "left_out": row.returns.counted - row.compared_returns.counted,
        "verdict": words._(supplier_labels.VERDICTS[row.verdict]),
        "said": words._(supplier_labels.SAID[row.verdict]),
        "chip": CHIPS.get(row.verdict, "none"),
        "open_units": row.open_units,
        "open_amount": row.open_amount,
        "open_without_cost": row.open_without_cost,
        "claimed": row.claimed,
    }


def _rate(rate: Rate, words: Words) -> dict[str, Any]:
    return {
        "found": rate.found,
        "counted": rate.counted,
        "share": _percent(rate.value, words),
        "interval": "" if rate.lo is None or rate.hi is None else words.interval(rate.lo, rate.hi),
        "agreed": _percent(rate.agreed, words),
    }


def _percent(share: float | None, words: Words) -> str:
    return "—" if share is None else words.percent(share)


def _named(supplier: str, words: Words) -> str:
    return words._("not named in the catalogue") if supplier == "unknown" else supplier


def _score_heading(words: Words) -> list[str]:
    _ = words._
    return [
        _("merchant"), _("Supplier"), _("inspected"), _("supplier's defects"), *_ends(words),
        _("sold in mature weeks"), _("found among those sold"), *_ends(words), _("agreed rate"),
        _("against the agreed rate"), _("not claimed yet"), _("at cost, tenge"), _("claimed"),
    ]  # fmt: skip


def _ends(words: Words) -> list[str]:
    """Return how the three numbers of a share are headed."""
    return [words._("share"), words._("lower end"), words._("upper end")]


def _score_line(row: Score, words: Words) -> list[Any]:
    return [
        row.merchant_id, row.supplier,
        row.returns.counted, row.returns.found, *_numbers(row.returns),
        row.sold.counted, row.sold.found, *_numbers(row.sold),
        _digits(row.agreed), words._(supplier_labels.VERDICTS[row.verdict]), row.open_units, row.open_amount,
        row.claimed,
    ]  # fmt: skip


def _numbers(rate: Rate) -> list[str | None]:
    return [_digits(rate.value), _digits(rate.lo), _digits(rate.hi)]


def _digits(share: float | None) -> str | None:
    return None if share is None else f"{share:.6f}"


# --- one supplier


def _supplier(router: APIRouter, site: Site) -> None:
    @router.get("/suppliers/supplier", response_class=HTMLResponse)
    def one(
        request: Request,
        asked: Goods,
        page: Annotated[int, Query(ge=0, le=10_000)] = 0,
        refused: Annotated[str | None, Query(max_length=20)] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            staff = _must_see(site.staff(conn, request), asked.shop)
            wanted = asked.wanted(site, hidden_from(conn, staff, [asked.shop]))
            content = supplier(conn, staff, asked, wanted, page, language)
        content |= {
            "now": site.now(),
            "trouble": label(language, supplier_labels.REFUSALS, refused)
            if refused in supplier_labels.REFUSALS
            else "",
        }
        return site.page(request, "supplier.html", language, content, section="suppliers")

    @router.get("/suppliers/pieces.csv")
    def pieces_file(request: Request, asked: Goods) -> Response:
        language = language_of(request)
        with site.warehouse() as conn:
            staff = _must_see(site.staff(conn, request), asked.shop)
            rows = suppliers.pieces(conn, asked.wanted(site, hidden_from(conn, staff, [asked.shop])), IN_A_FILE)
        return sheet("pieces.csv", _piece_heading(language), [*_piece_lines(rows, language), *cut(rows, language)])

    @router.get("/suppliers/parts.csv")
    def parts_file(request: Request, asked: Goods, by: Annotated[str, Query(max_length=20)] = "month") -> Response:
        language, period = language_of(request), asked.wanted(site).period
        if by not in PARTS:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such table")
        with site.warehouse() as conn:
            hidden = hidden_from(conn, _must_see(site.staff(conn, request), asked.shop), [asked.shop])
            rows = suppliers.parts(conn, asked.shop, asked.supplier, period, asked.category or None, hidden)[by]
        _ = language._
        heading = [
            language._(supplier_labels.PART_NAMES[by]), _("product"), _("inspected"), _("supplier's defects"),
            *_ends(language), _("agreed rate"),
        ]  # fmt: skip
        lines = (
            [row.key, row.name, row.rate.counted, row.rate.found, *_numbers(row.rate), _digits(row.rate.agreed)]
            for row in rows
        )
        return sheet(f"{by}.csv", heading, lines)


def _must_see(staff: Staff, merchant_id: str) -> Staff:
    """Return him; a merchant that is not his is not there for him."""
    if not staff.may("viewer", merchant_id):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such supplier")
    return staff


def supplier(conn: Connection, staff: Staff, asked: Asked, wanted: Wanted, page: int, words: Words) -> dict[str, Any]:
    """Return the values of the template ``supplier.html``."""
    period, category = wanted.period, wanted.category
    scores = suppliers.scores(conn, [asked.shop], period, category, asked.supplier, wanted.hidden)
    rows = suppliers.pieces(conn, wanted, SHOWN + 1, page * SHOWN)
    if not scores and not suppliers.known(conn, asked.shop, asked.supplier):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such supplier")
    parts = suppliers.parts(conn, asked.shop, asked.supplier, period, category, wanted.hidden)
    claims = run(
        conn, "core/supplier_claim__listed", merchants=[asked.shop], supplier=asked.supplier, hidden=wanted.hidden,
        shown=CLAIMS_SHOWN,
    )  # fmt: skip
    return {
        "kept": asked.kept,
        "asked": asked,
        "period": period,
        "merchant_name": suppliers.merchant_name(conn, asked.shop),
        "named": _named(asked.supplier, words),
        "score": _score(scores[0], period, category, words) if scores else None,
        "here": lambda **changes: _here(asked, words, **changes),
        "shows": [(code, words._(name)) for code, name in supplier_labels.SHOWS.items()],
        "chosen": [(name, value) for name, value in _chosen(asked, words) if value],
        "trend": trend(parts["month"], words),
        "parts": [_part_table(by, parts[by], asked, words) for by in PARTS],
        "pieces": [_piece(row, words) for row in rows[:SHOWN]],
        "listed": rows[0]["listed"] if rows else 0,
        "page": page,
        "more": len(rows) > SHOWN,
        "claims": _claim_rows(claims.fetchall(), words),
        "may_claim": staff.may("supervisor", asked.shop),
        "form": str(uuid4()),
        **_draft(conn, wanted, scores[0] if scores else None, words),
    }


def _here(asked: Asked, words: Words, **changes: str | int) -> str:
    """Return the address of the page with other goods, days or pieces; an empty value takes a choice away."""
    told = {"lang": words.language, **asked.kept, **{name.rstrip("_"): value for name, value in changes.items()}}
    return urlencode({name: value for name, value in told.items() if value != ""})


def _chosen(asked: Asked, words: Words) -> list[tuple[str, str]]:
    finding = label(words, FINDINGS, asked.finding) if asked.finding else ""
    return [("sku", asked.sku), ("batch", asked.batch), ("finding", finding)]


def _part_table(by: str, rows: list[Part], asked: Asked, words: Words) -> dict[str, Any]:
    """Return a table of a supplier's pieces, each number of it with the address of its pieces."""
    return {
        "by": by,
        "title": words._(supplier_labels.PARTS[by]),
        "name": words._(supplier_labels.PART_NAMES[by]),
        "file": _here(asked, words, by=by),
        "rows": [
            {
                **_rate(row.rate, words),
                "name": _part_name(by, row, words),
                "code": row.key if by == "sku" else "",
                "all": _here(asked, words, **_of_part(by, row.key), show="all"),
                "faults": _here(asked, words, **_of_part(by, row.key), show="faults"),
            }
            for row in (rows if by == "month" else sorted(rows, key=lambda row: -row.rate.found))
        ],
    }


def _of_part(by: str, key: str) -> dict[str, str]:
    """Return the choice that a part of the pieces is: a month is its days."""
    if by != "month":
        return {by: key}
    first, last = suppliers.month_days(key)
    return {"from_": first.isoformat(), "to": last.isoformat()}


def _part_name(by: str, row: Part, words: Words) -> str:
    if by == "month":
        return words.month(suppliers.month_days(row.key)[0])
    if by == "finding":
        return label(words, FINDINGS, row.key)
    return row.name or (words._("not known") if row.key == "unknown" else row.key)


def _piece(row: dict[str, Any], words: Words) -> dict[str, Any]:
    return {
        **row,
        "finding_name": label(words, FINDINGS, row["finding"] or "unknown"),
        "fault_name": label(words, supplier_labels.FAULTS, row["fault"]) if row["fault"] else "",
        "state_name": label(words, STATE_NAMES, row["state"]),
        "second_name": label(words, FINDINGS, row["second_finding"])
        if row["second_finding"] not in (None, row["finding"])
        else "",
    }


def _piece_heading(words: Words) -> list[str]:
    _ = words._
    return [
        _("unit"), _("Label"), _("Return order"), _("Order"), _("SKU"), _("Product"), _("Batch"), _("received"),
        _("inspected"), _("finding"), _("supplier's defect"), _("Grade"), _("state"), _("At cost, tenge"), _("Photos"),
        _("claim"),
    ]  # fmt: skip


def _piece_lines(rows: list[dict[str, Any]], words: Words) -> Iterator[list[Any]]:
    for row in rows:
        told = _piece(row, words)
        yield [
            str(row["unit_id"]), row["unit_label"], row["return_order_no"], row["order_code"], row["sku"],
            row["product_name"], row["batch"], row["received_at"] and row["received_at"].isoformat(),
            row["inspected_at"].isoformat(), told["finding_name"], told["fault_name"], row["grade"],
            told["state_name"], row["unit_cost"], row["photos"], row["claim_id"] and str(row["claim_id"]),
        ]  # fmt: skip


# --- claims


def _claims(router: APIRouter, site: Site) -> None:
    _files(router, site)

    @router.post("/suppliers/claims")
    def make(request: Request) -> RedirectResponse:
        form, now = form_of(request), site.now()
        names = ("shop", "supplier", "from", "to", "category", "sku", "batch", "finding")
        told = {name: text_of_form(form, name) for name in names}
        asked = Asked(
            told["shop"], told["supplier"], told["from"], told["to"], told["category"], told["sku"], told["batch"],
            told["finding"], "open",
        )  # fmt: skip
        lang = text_of_form(form, "lang")
        with site.warehouse(reading=False) as conn:
            staff = _must_see(site.staff(conn, request), asked.shop)
            if not staff.may("supervisor", asked.shop):
                raise Refused(status.HTTP_403_FORBIDDEN, "not_supervisor")
            conn.commit()
            try:
                claim_id = suppliers.make(
                    conn, asked.wanted(site), text_of_form(form, "digest"), id_of_form(form),
                    actor_of(request), now,
                )  # fmt: skip
            except SupplierRefused as refusal:
                return back(request, "suppliers/supplier", lang=lang, **asked.kept, refused=refusal.code)
        return back(request, f"suppliers/claims/{claim_id}", lang=lang, done="done")

    @router.post("/suppliers/claims/{claim_id}")
    def withdraw(request: Request, claim_id: UUID) -> RedirectResponse:
        form, now = form_of(request), site.now()
        kept = {"lang": text_of_form(form, "lang")}
        with site.warehouse(reading=False) as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, claim_id)
            if not staff.may("supervisor", row["merchant_id"]):
                raise Refused(status.HTTP_403_FORBIDDEN, "not_supervisor")
            conn.commit()
            reason = text_of_form(form, "reason", most=suppliers.LONGEST_REASON)
            try:
                suppliers.withdraw(conn, claim_id, reason, actor_of(request), now)
            except SupplierRefused as refusal:
                return back(request, f"suppliers/claims/{claim_id}", **kept, refused=refusal.code)
        return back(request, f"suppliers/claims/{claim_id}", **kept, done="done")

    @router.get("/suppliers/claims/{claim_id}", response_class=HTMLResponse)
    def one(
        request: Request,
        claim_id: UUID,
        done: Annotated[str | None, Query(max_length=20)] = None,
        refused: Annotated[str | None, Query(max_length=20)] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, claim_id)
        paper = _paper(suppliers.claim_of(row))
        content = {
            "now": site.now(),
            "claim": row,
            "facts": basis(paper, language),
            "units": [
                {**unit, "name": name_of(unit), "finding_name": findings(unit, language)} for unit in paper.units
            ],
            "supplier_link": urlencode(
                {"lang": language.language, "shop": row["merchant_id"], "supplier": row["supplier"],
                 "from": paper.content["first_day"], "to": paper.content["last_day"]}
            ),
            "may_withdraw": staff.may("supervisor", row["merchant_id"]) and row["withdrawn_at"] is None,
            "notice": language._("It is written down.") if done == "done" else "",
            "trouble": label(language, supplier_labels.REFUSALS, refused)
            if refused in supplier_labels.REFUSALS
            else "",
        }  # fmt: skip
        return site.page(request, "supplier_claim.html", language, content, section="suppliers")


def _files(router: APIRouter, site: Site) -> None:
    def drafted(request: Request, asked: Asked) -> tuple[Paper, dict[str, bytes]]:
        with site.warehouse() as conn:
            staff = _must_see(site.staff(conn, request), asked.shop)
            try:
                claim = suppliers.compose(conn, asked.wanted(site, hidden_from(conn, staff, [asked.shop])))
            except SupplierRefused as refusal:
                raise HTTPException(status.HTTP_404_NOT_FOUND, str(refusal)) from refusal
            return _paper(claim), suppliers.pictures(conn, claim)

    def kept(request: Request, claim_id: UUID) -> tuple[Paper, dict[str, bytes]]:
        with site.warehouse() as conn:
            claim = suppliers.claim_of(_seen(conn, site.staff(conn, request), claim_id))
            return _paper(claim), suppliers.pictures(conn, claim)

    @router.get("/suppliers/draft.pdf")
    def draft_pdf(request: Request, asked: Goods) -> Response:
        return _file(claim_pdf(*drafted(request, asked), language_of(request)), "draft.pdf", "application/pdf")

    @router.get("/suppliers/draft.xlsx")
    def draft_book(request: Request, asked: Goods) -> Response:
        return _file(claim_book(*drafted(request, asked), language_of(request)), "draft.xlsx", XLSX)

    @router.get("/suppliers/claims/{claim_id}/claim.pdf")
    def pdf(request: Request, claim_id: UUID) -> Response:
        body = claim_pdf(*kept(request, claim_id), language_of(request))
        return _file(body, f"claim-{str(claim_id)[:8]}.pdf", "application/pdf")

    @router.get("/suppliers/claims/{claim_id}/claim.xlsx")
    def book(request: Request, claim_id: UUID) -> Response:
        body = claim_book(*kept(request, claim_id), language_of(request))
        return _file(body, f"claim-{str(claim_id)[:8]}.xlsx", XLSX)


def _file(body: bytes, name: str, kind: str) -> Response:
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _paper(claim: Claim) -> Paper:
    number = None if claim.claim_id is None else str(claim.claim_id)
    return Paper(claim.content, claim.digest, number, claim.actor, claim.made_at)


def _draft(conn: Connection, wanted: Wanted, score: Score | None, words: Words) -> dict[str, Any]:
    """Return the claim that could be made now, or why there is none."""
    try:
        claim = suppliers.compose(conn, wanted, score)
    except SupplierRefused as refusal:
        return {"draft": None, "no_draft": label(words, supplier_labels.REFUSALS, refusal.code)}
    told = claim.content
    return {
        "draft": {
            "digest": claim.digest,
            "units": len(told["units"]),
            "amount": told["amount"],
            "without_cost": sum(unit["unit_cost"] is None for unit in told["units"]),
            "without_photo": sum(not unit["photos"] for unit in told["units"]),
            "doubted": sum(unit["second_finding"] not in (None, unit["finding"]) for unit in told["units"]),
        },
        "no_draft": "",
    }


def _seen(conn: Connection, staff: Staff, claim_id: UUID) -> dict[str, Any]:
    """Return a kept claim; one of a merchant that is not his, or of a piece he is to look at blind, is not there."""
    row = run(conn, "core/supplier_claim__one", claim_id=claim_id).fetchone()
    if row is None or not staff.may("viewer", row["merchant_id"]):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such claim")
    units = [
        {"unit_id": UUID(unit["unit_id"]), "merchant_id": row["merchant_id"]}
        for unit in suppliers.claim_of(row).content["units"]
    ]
    if waits_for(conn, staff, units):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such claim")
    return row


def _claim_rows(rows: list[dict[str, Any]], words: Words) -> list[dict[str, Any]]:
    return [
        {**row, "status_name": words._("live") if row["status"] == "live" else words._("withdrawn"),
         "chip": "good" if row["status"] == "live" else "none"}
        for row in rows
    ]  # fmt: skip
