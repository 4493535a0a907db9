"""Nobody reads a merchant that is not his: every address of the console, asked by who has a role for another one."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from include.console.board.pages import FIGURES
from include.console.guard import OWN_HEADER
from include.db.connection import Connection, connect
from include.domain import kpi
from include.domain.identity import scanned_unit_id, stable_id
from include.domain.staff import Staff
from include.domain.unit_life import Event
from include.flows import claims, desk, ledger, suppliers
from include.flows.dashboard import rebuild
from include.flows.drift import keep_drift
from include.flows.quarantine import Reject, put_aside
from include.flows.run import Run
from include.flows.suppliers import Period, Wanted
from include.kaspi.drift import Drift
from include.notify.alerts import raise_alert
from include.notify.outbox import queue as queue_mail
from tests.console.desk_world import SALES, Sale, desk_app, furnish
from tests.console.surroundings import NOW, Noon, User, let
from tests.console.test_applications import HEADERS
from tests.db.test_outbox import note
from tests.supplier_world import BROKEN
from tests.unit.test_photos import picture

MINE, OTHERS = SALES["main"], SALES["beta"]
NOBODYS = "of-the-whole-house"
BOARD = ("flow", "speed", "causes", "money", "actions", "restated", "restated.csv")
OURS = {OWN_HEADER: "1", "sec-fetch-site": "same-origin"}
INSPECTED = {
    "type": "inspected", "packaging_intact": False, "complete": True, "documents": True, "signs_of_use": False,
    "defects": ["dent"], "damage_extent": "one_side", "grade": "D", "finding": "damaged_in_transit",
    "route": "write_off", "zone": "unrecoverable",
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """Two merchants with something of everything; ``units`` and ``photos`` by merchant, ``uploads`` by their sender."""

    dsn: str
    units: dict[str, dict[str, Any]]
    photos: dict[str, uuid.UUID]
    uploads: dict[str, str]

    def browser(self, name: str) -> TestClient:
        return TestClient(desk_app(self.dsn, Noon()), cookies={"who": name}, headers=OURS, follow_redirects=False)

    def of(self, merchant_id: str, table: str, name: str) -> str:
        with connect(self.dsn) as conn:
            row = conn.execute(f"select {name} as v from {table} where merchant_id = %s".encode(), (merchant_id,))
            return str(next(row)["v"])

    def mails(self, merchant_id: str) -> list[int]:
        """The archived mail of the merchant, then the one about all of them."""
        with connect(self.dsn) as conn:
            found = conn.execute(
                "select mail_id from ops.weekly_mail where merchant_id = %s or merchant_id is null "
                "order by merchant_id nulls last",
                (merchant_id,),
            )
            return [row["mail_id"] for row in found]

    def addresses(self, merchant_id: str, upload: str) -> dict[str, list[str]]:
        """Every address of the console that is asked for, as somebody would who looks for this merchant."""
        unit, photo = self.units[merchant_id], self.photos[merchant_id]
        unit_id, label = unit["unit_id"], unit["unit_label"]
        claim = claims.claim_id(unit_id)
        asked = f"?lang=en&merchant={merchant_id}"
        mails = [f"/mails/{number}" for number in self.mails(merchant_id)]
        sale = MINE if merchant_id == "alpha" else OTHERS
        codes = (label, sale.label, sale.code, f"WB{sale.code}", sale.ean, unit["return_order_no"], str(unit_id))
        steps = ("inspect", "repack", "repair", "qc", "stock", "clear")
        return {
            "/": ["/?lang=en", f"/{asked}"],
            **{f"/{page}": [f"/{page}?lang=en", f"/{page}{asked}"] for page in BOARD},
            "/figures/{code}.csv": [f"/figures/{code}.csv{more}" for code in FIGURES for more in ("?lang=en", asked)],
            **{
                f"/{page}{file}": [
                    f"/{page}{file}{more}&{listed}" for more in ("?lang=en", asked) for listed in LISTED[page]
                ]
                for page in LISTED
                for file in ("", ".csv")
            },
            "/quality": ["/quality?lang=en&status=all", f"/quality{asked}&status=all"],
            "/quality/records.csv": ["/quality/records.csv?status=all", f"/quality/records.csv{asked}&status=all"],
            "/quality/results": ["/quality/results?lang=en", f"/quality/results{asked}"],
            "/quality/days.csv": ["/quality/days.csv?lang=en", f"/quality/days.csv{asked}"],
            "/quality/failures": ["/quality/failures?lang=en", f"/quality/failures{asked}"],
            "/quality/failures.csv": ["/quality/failures.csv?lang=en", f"/quality/failures.csv{asked}"],
            "/quality/{flow}": ["/quality/restock_sync?lang=en", f"/quality/restock_sync{asked}"],
            "/notices": ["/notices?lang=en&status=all", f"/notices{asked}&status=all"],
            "/mails": ["/mails?lang=en", f"/mails{asked}"],
            "/mails/preview": [f"/mails/preview{asked}"],
            "/mails/preview/page": [f"/mails/preview/page{asked}"],
            "/mails/{mail_id}": [f"{mail}?lang=en" for mail in mails] + [f"{mails[0]}?check=1"],
            "/mails/{mail_id}/page": [f"{mail}/page" for mail in mails],
            "/mails/{mail_id}/mail.eml": [f"{mail}/mail.eml" for mail in mails],
            "/mails/{mail_id}/attachment": [f"{mail}/attachment" for mail in mails],
            "/applications": ["/applications?lang=en", f"/applications{asked}"],
            "/applications/{upload_id}": [f"/applications/{upload}?lang=en"],
            "/applications/{upload_id}/bad.csv": [f"/applications/{upload}/bad.csv?lang=en"],
            "/claims": [
                f"/claims{more}&show={show}" for more in ("?lang=en", asked) for show in ("open", "sent", "over")
            ],
            "/claims/{claim_id}": [f"/claims/{claim}?lang=en"],
            "/claims/{claim_id}/packet.pdf": [f"/claims/{claim}/packet.pdf"],
            "/claims/{claim_id}/photos/{photo_id}": [f"/claims/{claim}/photos/{photo}"],
            "/suppliers": [f"/suppliers{more}" for more in ("?lang=en", asked)],
            "/suppliers.csv": ["/suppliers.csv", f"/suppliers.csv{asked}"],
            **{
                f"/suppliers/{page}": [f"/suppliers/{page}?shop={merchant_id}&supplier=Supplier-{merchant_id}"]
                for page in ("supplier", "pieces.csv", "parts.csv", "draft.pdf", "draft.xlsx")
            },
            **{
                f"/suppliers/claims/{{claim_id}}{file}": [
                    f"/suppliers/claims/{self.of(merchant_id, 'core.supplier_claim', 'claim_id')}{file}"
                ]
                for file in ("", "/claim.pdf", "/claim.xlsx")
            },
            "/differences": [
                f"/differences{more}" for more in ("?lang=en", asked, "?show=settled", "?as_of=2026-11-01")
            ],
            "/differences/units": [
                f"/differences/units?lang=en&{kind}&merchant={merchant_id}"
                for kind in ("verdict=matched", "verdict=unproven", "state=inspected")
            ],
            "/differences/{discrepancy_id}": [
                f"/differences/{self.of(merchant_id, 'core.discrepancy', 'discrepancy_id')}"
            ],
            "/stock": [f"/stock{more}" for more in ("?lang=en&show=all", f"{asked}&show=all")],
            "/stock.csv": ["/stock.csv?show=all", f"/stock.csv?show=all&merchant={merchant_id}"],
            "/stock/offer": [f"/stock/offer?shop={merchant_id}&store=PP&sku={merchant_id}-row"],
            "/stock/units.csv": [f"/stock/units.csv?shop={merchant_id}&store=PP&sku={merchant_id}-row"],
            "/writes": ["/writes?lang=en", f"/writes{asked}"],
            "/lists": ["/lists?lang=en", f"/lists{asked}"],
            "/writes/{write_id}": [f"/writes/{self.of(merchant_id, 'ops.kaspi_write', 'write_id')}?lang=en"],
            "/routes": [
                f"/routes{more}&show={show}" for more in ("?lang=en", asked) for show in ("differ", "open", "all")
            ],
            "/routes/{unit_id}": [f"/routes/{unit_id}?lang=en"],
            "/desk": ["/desk"],
            "/desk/": ["/desk/"],
            "/desk/sw.js": ["/desk/sw.js"],
            "/desk/api/setup": ["/desk/api/setup", "/desk/api/setup?warehouse=W1"],
            "/desk/api/look": [f"/desk/api/look?warehouse=W1&code={code}" for code in codes],
            "/desk/api/queue": ["/desk/api/queue?warehouse=W1"]
            + [f"/desk/api/queue?warehouse=W1&step={step}" for step in steps],
            "/desk/api/zones": ["/desk/api/zones?warehouse=W1"],
            "/desk/api/units/{unit_id}": [f"/desk/api/units/{unit_id}"],
            "/desk/api/units/{unit_id}/recovery": [f"/desk/api/units/{unit_id}/recovery"],
            "/desk/api/second": ["/desk/api/second?warehouse=W1"],
            "/desk/api/agreement": [f"/desk/api/agreement?warehouse=W1{more}" for more in ("", "&measure=route")],
            "/desk/api/staff": ["/desk/api/staff"],
            "/desk/photos/{photo_id}.jpg": [f"/desk/photos/{photo}.jpg"],
            "/desk/labels/{unit_id}.pdf": [f"/desk/labels/{unit_id}.pdf"],
            "/desk/commands.pdf": ["/desk/commands.pdf"],
        }


@pytest.fixture(scope="module")
def world(new_warehouse: Callable[[], str]) -> World:
    dsn = new_warehouse()
    furnish(dsn)
    with connect(dsn) as conn:
        conn.execute("update ops.setting set value = '1' where name = 'second_look_share'")
        conn.execute("update core.customer_order set delivery_mode = 'DELIVERY_LOCAL'")
    for user in (User("timur", "supervisor", "alpha"), User("tolkyn", "inspector", "alpha"), User("nobody", None)):
        let(dsn, user)
    units = {sale.merchant_id: taken_in(dsn, sale) for sale in (MINE, OTHERS)}
    with connect(dsn) as conn:
        for merchant_id in units:
            supplied(conn, merchant_id)
    photos = {}
    with connect(dsn) as conn:
        for merchant_id, unit in units.items():
            saule = Staff("saule", {"*": "supervisor"})
            photos[merchant_id] = desk.keep_photo(conn, saule, unit["unit_id"], picture(), "e", NOW)["photo_id"]
    with connect(dsn) as conn:
        for merchant_id in ("alpha", "beta"):
            everything_else(conn, merchant_id, f"{merchant_id}-row")
        everything_else(conn, "*", NOBODYS)
    for merchant_id in ("alpha", "beta"):
        rebuild(dsn, NOW, "test", merchant_id)
    here = World(dsn, units, photos, {})
    for merchant_id in ("alpha", "beta"):
        here.uploads[merchant_id] = upload(here.browser("saule"), merchant_id)
    return here


def taken_in(dsn: str, sale: Sale) -> dict[str, Any]:
    """A piece of the sale, received and found damaged by a person of its merchant's."""
    inspector = Staff("inspector", {sale.merchant_id: "inspector"})
    scan = str(uuid.uuid4())
    events = [
        {"event_id": scan, "type": "received", "merchant_id": sale.merchant_id, "return_label": sale.label,
         "unit_label": f"W1-{sale.merchant_id.upper()}", "packaging_note": f"torn-{sale.merchant_id}"},
        {"event_id": str(uuid.uuid4()), "unit_label": f"W1-{sale.merchant_id.upper()}", **INSPECTED},
    ]  # fmt: skip
    with connect(dsn) as conn:
        received, inspected = desk.record(conn, inspector, events, NOW, "W1")
        other = Staff("second", {sale.merchant_id: "inspector"})
        again = {name: value for name, value in INSPECTED.items() if name != "zone"} | {
            "event_id": str(uuid.uuid4()), "type": "second_look", "unit_label": received["unit_label"], "grade": "C",
        }  # fmt: skip
        (looked,) = desk.record(conn, other, [again], NOW, "W1")
    assert looked["outcome"] == "finding"
    assert (received["outcome"], inspected["outcome"]) == ("booked", "booked"), (received, inspected)
    unit: dict[str, Any] = received["unit"]
    return unit


def supplied(conn: Connection, merchant_id: str) -> None:
    """A supplier of the merchant's with two broken pieces, one of them in a claim to him."""
    named = f"Supplier-{merchant_id}"
    conn.execute(
        "insert into core.product (merchant_id, sku, name, supplier, cost) values (%s, 'SUP', %s, %s, 100)",
        (merchant_id, f"{merchant_id}-row", named),
    )
    broken = {**BROKEN, "zone": None}
    for n in (1, 2):
        at = NOW - dt.timedelta(days=n)
        scan = {"source": "test", "scan_id": f"{merchant_id}-{n}", "unit_label": f"{merchant_id}-row-{n}", "sku": "SUP"}
        key = scanned_unit_id("test", f"{merchant_id}-{n}")
        life = [
            Event(stable_id("supplied", key, type_), key, merchant_id, type_, at, "x", "test", told)
            for type_, told in (("received", scan), ("inspected", broken))
        ]
        assert not ledger.append(conn, life, NOW).rejected
        conn.commit()
        if n == 1:
            wanted = Wanted(merchant_id, named, Period.of(None, None, NOW))
            digest = suppliers.compose(conn, wanted).digest
            suppliers.make(conn, wanted, digest, uuid.uuid4(), "saule", NOW)


def upload(browser: TestClient, merchant_id: str) -> str:
    """A file of applications of the merchant, sent by this person; returns its id."""
    row = f"{merchant_id}-row-1;{merchant_id}-row;SKU1;many;;10.11.2026 12:30;Новые;;\n"
    answer = browser.post(
        "/applications", data={"merchant": merchant_id}, files={"file": ("a.csv", f"\ufeff{HEADERS}\n{row}".encode())}
    )
    return re.findall(r"applications/([0-9a-f-]{36})", answer.headers["location"])[0]


def archive_mail(conn: Connection, merchant_id: str | None, mark: str) -> None:
    """A weekly mail in the archive: its text, its page and its attachment tell the mark."""
    mail = note()
    mail.add_alternative(f"<p>{mark}</p>", subtype="html")
    mail.add_attachment(mark.encode(), "text", "csv", filename=f"{mark}.csv")
    body = mail.as_bytes()
    conn.execute(
        "insert into ops.weekly_mail (message_key, merchant_id, week_start, version, message_id, language, recipient, "
        "subject, known_at, known_on, message, sha256, numbers) values (%(mark)s, %(m)s, '2026-11-09', 1, %(mark)s, "
        "'ru', %(to)s, %(mark)s, %(now)s, '2026-11-16', %(body)s, sha256(%(body)s), '{}')",
        {"mark": mark, "m": merchant_id, "to": f"{mark}@example.kz", "now": NOW, "body": body},
    )


def everything_else(conn: Connection, merchant_id: str, mark: str) -> None:
    """A row of every kind that a page lists, each with ``mark`` in it."""
    put_aside(conn, [Reject(merchant_id, f"wms/{mark}", mark, f"reason {mark}", {"event_id": mark}, mark)], NOW)
    keep_drift(conn, merchant_id, [Drift("new", f"order.{mark}", "string", 1, mark)], Run("d", mark, NOW))
    raise_alert(conn, f"alert {mark}", merchant_id, "dag_failed", f"message {mark}", NOW)
    queue_mail(conn, f"owed/{mark}", merchant_id, "owed", note(), NOW)
    archive_mail(conn, None if merchant_id == "*" else merchant_id, mark)
    values = {"m": merchant_id, "mark": mark, "now": NOW, "version": kpi.VERSION}
    for statement in (
        "update ops.outbox set status = 'dead', last_error = %(mark)s, subject = %(mark)s "
        "where message_key = 'owed/' || %(mark)s",
        "insert into ops.batch (dag_id, run_id, merchant_id, status, detail) "
        "values ('restock_sync', 'r', %(m)s, 'held', %(mark)s)",
        "insert into ops.dq_result (run_id, dag_id, merchant_id, suite, check_name, success, severity, failed_rows, "
        "sample, at) values ('r', 'restock_sync', %(m)s, 's', 'check/' || %(mark)s, false, 'batch', 1, "
        "jsonb_build_array(jsonb_build_object('record', %(mark)s::text, 'detail', '')), %(now)s)",
        "insert into ops.dq_part select dag_id, run_id, merchant_id, suite, at, 1, 0, true, 1, 1, 1, 0, 0, 0, 0, 0, 0 "
        "from ops.dq_result where merchant_id = %(m)s",
        "insert into core.discrepancy (discrepancy_id, merchant_id, kind, subject, order_code, opened_at, "
        "money_at_risk, owner, status) values (gen_random_uuid(), %(m)s, 'overdue', %(mark)s, %(mark)s, "
        "%(now)s::timestamptz - interval '1 day', 1, 'x', 'open')",
        "insert into mart.signal (merchant_id, week_start, supplier, batch, reason, rate, baseline, q_value, "
        "direction, evidence, known_on) values (%(m)s, '2026-11-09', %(mark)s, 'B', 'defective', 0.2, 0.1, 0.01, 'up', "
        "'{\"returned\": 8, \"sold\": 47}', '2026-11-16')",
        "insert into mart.kpi_weekly (merchant_id, week_start, kpi, version, known_on, value, n, restated_because) "
        "select nullif(%(m)s, '*'), '2026-11-02', 'claims', %(version)s, date '2026-11-09' + 7 * said, said, 1, "
        "%(mark)s || ': n was 0, is 1' from generate_series(0, 1) as said",
    ):
        conn.execute(statement, values)
    if merchant_id != "*":
        for statement in (
            "insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, "
            "payload_hash) values (%(m)s, %(mark)s, %(mark)s, 'ARCHIVE', 'COMPLETED', 2, '2026-11-10', '')",
            "insert into core.order_line (merchant_id, order_id, entry_id, entry_number, quantity, base_price, "
            "total_price) values (%(m)s, %(mark)s, %(mark)s, 0, 2, 1, 2)",
            "insert into core.return_case (case_id, merchant_id, order_id, return_kind, status, units_lo, units_hi, "
            "requested_from, requested_to) values (gen_random_uuid(), %(m)s, %(mark)s, 'customer_return', 'open', 1, "
            "2, %(now)s, %(now)s)",
        ):
            conn.execute(statement, values)
        conn.execute(
            "insert into mart.offer_sync (merchant_id, store_id, offer_sku, desired_qty, compared_at) "
            "values (%(m)s, 'PP', %(mark)s, 1, %(now)s)",
            values,
        )
        conn.execute(
            "insert into ops.kaspi_write (write_id, merchant_id, order_id, order_code, action, attempt, dry_run, "
            "request, actor, reason, asked_at) values (gen_random_uuid(), %(m)s, %(mark)s, %(mark)s, 'CANCELLED', 1, "
            "true, '{}', 'x', %(mark)s, %(now)s)",
            values,
        )
        conn.execute(
            "insert into channel.feed_version (merchant_id, version, status, base_version, body, sha256, "
            "carried_sha256, offers, dag_id, run_id, composed_at, base_offers, own_errors, base_warnings, findings, "
            "settled_at, settled_by, diff) values (%(m)s, 1, 'rejected', 1, '', '', '', 1, 'restock_sync', 'r', "
            "%(now)s, 1, 0, 0, '[]', %(now)s, %(mark)s, '{\"counts\": {}, \"examples\": {}}')",
            values,
        )
        conn.execute(
            "insert into channel.resale_sku (merchant_id, offer_sku, sku, state, state_since) "
            "values (%(m)s, replace(%(mark)s, '-', ''), %(mark)s, 'pending_card', %(now)s)",
            values,
        )
        conn.execute(
            "insert into ops.notice (notice_key, merchant_id, case_id, template, params, created_at, expires_at, "
            "status, next_try_at, reason) values (%(mark)s, %(m)s, gen_random_uuid(), 'arrived', "
            "jsonb_build_object('order_code', %(mark)s::text, 'units', 1, "
            "'return_kind', 'refusal', 'received_on', '2026-11-01'), %(now)s, %(now)s, 'dead', %(now)s, 'x')",
            values,
        )


WEEK = "week=2026-11-16&day=2026-11-16"
LISTED = {
    "units": (
        "step=waiting", "step=received", "step=received&became=open", "step=received&term=receiving",
        *(f"set=kpi&kpi={name}&{WEEK}" for name in ("relisted_share", "net_recovery", "reconciled_share")),
        f"set=causes&{WEEK}", f"set=reason&reason=unknown&{WEEK}",
    ),
    "lines": (f"set=cohort&kpi=return_rate_nowcast&days=30&since=2026-01-05&{WEEK}",),
    "cases": ("",),
}  # fmt: skip
# What tells of the other merchant, or of the house, wherever it stands.
STRANGE = re.compile(
    rf"Жібек|beta|W1-BETA|{OTHERS.code}|{OTHERS.sku}|{OTHERS.name}|{OTHERS.category}|{NOBODYS}|torn-beta".encode(),
    re.IGNORECASE,
)


def routes(dsn: str, method: str) -> set[str]:
    return {
        route.path for route in desk_app(dsn).routes if isinstance(route, APIRoute) and method in route.methods
    }  # fmt: skip


def test_no_address_is_left_out(world: World) -> None:
    """A page of tomorrow has to be added here, or this fails."""
    assert set(world.addresses("beta", "x")) == routes(world.dsn, "GET")
    assert set(changes(world)) == routes(world.dsn, "POST")


@pytest.mark.parametrize("name", ["timur", "tolkyn"])
def test_nobody_reads_a_merchant_that_is_not_his(world: World, name: str) -> None:
    browser = world.browser(name)
    sent = f"{OTHERS.code}|{OTHERS.label}|{OTHERS.ean}|WB{OTHERS.code}|W1-BETA|RO-W1-BETA".encode()
    for addresses in world.addresses("beta", world.uploads["beta"]).values():
        for address in addresses:
            answer = browser.get(address)
            assert answer.status_code in (200, 303, 308, 403, 404), (address, answer.status_code)
            told = answer.content
            if "/api/look" in address:  # a code that is nobody's here is repeated as it was scanned
                assert answer.status_code == 403 or answer.json()["kind"] == "unknown", answer.text
                told = re.sub(sent, b"", told)
            assert not STRANGE.search(told), (address, STRANGE.search(told))
            if answer.headers.get("content-type") in ("application/pdf", "image/jpeg"):
                assert address == "/desk/commands.pdf", address


def test_his_own_and_who_is_of_every_merchant_sees_it_all(world: World) -> None:
    """The same addresses tell it to whom it belongs: the test above can fail."""
    whole = world.browser("saule")
    for path, addresses in world.addresses("beta", world.uploads["beta"]).items():
        told = [whole.get(address) for address in addresses]
        assert all(one.status_code in (200, 308) for one in told), path
        listed = not re.search(
            r"/desk(/|/sw.js|/commands.pdf|/api/second|/api/units/.*/recovery)?$"
            r"|(bad|stock/units|parts|days|{code}).csv$|(xlsx|mail.eml)$",
            path,
        )
        text = [one for one in told if "pdf" not in one.headers.get("content-type", "") and listed]
        assert not text or "jpeg" in text[0].headers.get("content-type", "") or any(
            STRANGE.search(one.content) for one in text
        ), path  # fmt: skip
    for page in ("/", "/quality", "/notices", "/mails"):
        assert NOBODYS in whole.get(f"{page}?lang=en&status=all").text, page
    his = world.browser("timur")
    for path in ("/", "/quality?status=all", "/notices?status=all", "/claims?show=open", "/differences",
                 "/stock?show=all", "/routes?show=all", "/writes", "/lists", "/mails",
                 "/suppliers/supplier?shop=alpha&supplier=Supplier-alpha"):  # fmt: skip
        assert re.search("alpha-row|W1-ALPHA", his.get(path).text), path


def test_who_has_no_role_is_told_so_and_nothing_else(world: World) -> None:
    browser = world.browser("nobody")
    for merchant_id in ("alpha", "beta"):
        for addresses in world.addresses(merchant_id, world.uploads[merchant_id]).values():
            for address in addresses:
                answer = browser.get(address)
                strange = re.search(rb"alpha|beta|Almaty Tech|" + STRANGE.pattern, answer.content, re.IGNORECASE)
                assert not strange, (address, strange)
    assert browser.get("/?lang=en").status_code == 403
    assert "You have no role at any merchant" in browser.get("/?lang=en").text


def test_a_merchant_that_is_not_his_is_as_one_that_is_not_there(world: World) -> None:
    his = world.browser("timur")
    for page in (
        "/",
        "/flow",
        "/units?step=received&x=",
        "/quality",
        "/notices",
        "/applications",
        "/differences",
        "/lists",
        "/mails",
        "/mails/preview",
    ):
        sign = "&" if "?" in page else "?"
        here, nowhere = his.get(f"{page}{sign}merchant=beta"), his.get(f"{page}{sign}merchant=none")
        assert here.status_code == nowhere.status_code == 404
        assert here.text.replace("beta", "none") == nowhere.text


def changes(world: World) -> dict[str, dict[str, Any]]:
    """Every change that a form or a script can ask for, of what is the other merchant's or the house's."""
    unit_id = world.units["beta"]["unit_id"]
    claim, file = claims.claim_id(unit_id), world.uploads["beta"]
    record, drift = world.of("beta", "ops.quarantine", "id"), world.of("beta", "ops.schema_drift", "id")
    difference = world.of("beta", "core.discrepancy", "discrepancy_id")
    write = world.of("beta", "ops.kaspi_write", "write_id")
    event = {"event_id": str(uuid.uuid4()), "type": "disposed", "unit_label": "W1-BETA", "actor": "timur"}
    told = {"warehouse": "W1", "sent_at": NOW.isoformat(), "events": [event]}
    return {
        "/quality/records": {"data": {"id": record, "do": "dismiss", "reason": "x"}},
        "/quality/drift": {"data": {"id": drift}},
        "/quality/alerts": {"data": {"key": "alert beta-row"}},
        "/notices/decide": {"data": {"id": world.of("beta", "ops.notice", "notice_id"), "do": "again"}},
        "/notices/mails": {"data": {"key": "owed/beta-row", "do": "again"}},
        "/mails/{mail_id}/again": {
            "path": f"/mails/{world.mails('beta')[0]}/again", "data": {"reason": "x", "form": str(uuid.uuid4())},
        },
        "/applications": {"data": {"merchant": "beta"}, "files": {"file": ("a.csv", f"{HEADERS}\n".encode())}},
        "/applications/{upload_id}/take": {"path": f"/applications/{file}/take"},
        "/claims/{claim_id}": {"path": f"/claims/{claim}", "data": {"do": "sent"}},
        "/suppliers/claims": {
            "data": {"shop": "beta", "supplier": "Supplier-beta", "form": str(uuid.uuid4()), "digest": "x"}
        },
        "/suppliers/claims/{claim_id}": {
            "path": f"/suppliers/claims/{world.of('beta', 'core.supplier_claim', 'claim_id')}", "data": {"reason": "x"},
        },
        "/differences/{discrepancy_id}": {"path": f"/differences/{difference}", "data": {"how": "found"}},
        "/lists/cards": {"data": {"whose": "beta", "sku": "betarow", "state": "linked"}},
        "/writes": {"data": {"shop": "beta", "order": "beta-row", "action": "CANCELLED", "reason": "x"}},
        "/writes/{write_id}": {"path": f"/writes/{write}", "data": {"order": "beta-row"}},
        "/routes/{unit_id}": {
            "path": f"/routes/{unit_id}",
            "data": {"do": "rule", "route": "write_off", "reason": "x", "form": str(uuid.uuid4())},
        },
        "/desk/api/staff": {"json": {"user_name": "timur", "merchant_id": "beta", "role": "viewer"}},
        "/desk/api/events": {"json": told},
        "/desk/api/photos": {
            "path": f"/desk/api/photos?unit={unit_id}&event=x&actor=timur", "content": picture(),
            "headers": {"content-type": "image/jpeg"},
        },
    }  # fmt: skip


def rows_of_others(dsn: str) -> dict[str, str]:
    """A digest of every table's rows that are not alpha's; where a person's own trace is kept is not among them."""
    with connect(dsn) as conn:
        tables = conn.execute(
            "select format('%I.%I', table_schema, table_name) as name from information_schema.columns "
            "inner join information_schema.tables using (table_schema, table_name) "
            "where column_name = 'merchant_id' and table_type = 'BASE TABLE' "
            "and table_schema in ('raw', 'core', 'ledger', 'channel', 'mart', 'ops')"
        ).fetchall()
        return {
            row["name"]: next(
                conn.execute(
                    f"select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as v "
                    f"from {row['name']} as t where merchant_id <> 'alpha'".encode()
                )
            )["v"]
            for row in tables
        }


def test_nobody_changes_a_merchant_that_is_not_his(world: World) -> None:
    """A supervisor of one merchant tries every form and every message of the console on another one's rows."""
    before, browser = rows_of_others(world.dsn), world.browser("timur")
    assert sum(not digest.startswith("0 ") for digest in before.values()) > 15
    for path, sent in changes(world).items():
        answer = browser.post(sent.pop("path", path), **sent)
        if path == "/desk/api/events":
            assert [one["reason_code"] for one in answer.json()["answers"]] == ["not_allowed"]
        elif path == "/applications":
            assert "done=no_merchant" in answer.headers["location"]
        else:
            assert answer.status_code in (403, 404), (path, answer.status_code)
    for house in ({"key": f"alert {NOBODYS}"},):
        assert browser.post("/quality/alerts", data=house).status_code == 403
    assert rows_of_others(world.dsn) == before


@pytest.mark.parametrize("name", ["tolkyn", "vera"])
def test_deciding_needs_a_supervisor_of_that_very_merchant(world: World, name: str) -> None:
    browser = world.browser(name)
    for path, sent in {
        "/quality/records": {"id": world.of("alpha", "ops.quarantine", "id"), "do": "dismiss", "reason": "x"},
        "/quality/drift": {"id": world.of("alpha", "ops.schema_drift", "id")},
        "/quality/alerts": {"key": "alert alpha-row"},
        "/notices/decide": {"id": world.of("alpha", "ops.notice", "notice_id"), "do": "again"},
        "/notices/mails": {"key": "owed/alpha-row", "do": "again"},
        f"/mails/{world.mails('alpha')[0]}/again": {"reason": "x", "form": str(uuid.uuid4())},
        f"/claims/{claims.claim_id(world.units['alpha']['unit_id'])}": {"do": "sent"},
        "/lists/cards": {"whose": "alpha", "sku": "alpharow", "state": "linked"},
        "/suppliers/claims": {"shop": "alpha", "supplier": "Supplier-alpha", "form": str(uuid.uuid4())},
        f"/suppliers/claims/{world.of('alpha', 'core.supplier_claim', 'claim_id')}": {"reason": "x"},
        f"/routes/{world.units['alpha']['unit_id']}": {"do": "compare"},
    }.items():
        assert browser.post(path, data=sent).status_code == 403, path
    for page in ("/quality", "/notices", "/lists"):
        assert 'method="post"' not in browser.get(page).text


def test_a_role_that_was_taken_away_closes_the_file_that_was_sent_before(world: World) -> None:
    let(world.dsn, User("erlan", "operator", "alpha"))
    sent = upload(world.browser("erlan"), "alpha")
    assert world.browser("erlan").get(f"/applications/{sent}").status_code == 200
    let(world.dsn, User("erlan", "viewer", "alpha"))
    assert world.browser("erlan").get(f"/applications/{sent}").status_code == 404
