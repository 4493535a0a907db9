"""The lived days of the sandbox: whoever's return arrived and whose phone was shown is told, once, and nobody else."""

import datetime as dt
import email
import email.policy
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from cryptography.fernet import Fernet

from include.db.connection import connect
from include.flows import kaspi_returns_ingest, onboarding, report
from include.flows.contacts import Sealer
from include.flows.notices import Outfit, tell
from include.notify.apprise_channel import channel_of
from include.notify.channels import international
from include.notify.outbox import MailServer
from include.quality.suites import kaspi_returns_ingest as ingest_suite
from tests.flow_driver import World, process


class Telling:
    """A world whose runs keep contacts and tell people, as the DAGs do."""

    def __init__(self, world: World, smtp_port: int, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.sealer = Sealer(Fernet.generate_key().decode())
        self.server = MailServer("127.0.0.1", smtp_port, "reports@example.kz")
        port = world.url.rpartition(":")[2]
        self.urls = {
            "notices_almaty_tech": f"mailto://127.0.0.1:{smtp_port}?from=a@example.kz&to={{phone}}@phones.example",
            "notices_sary_kids": f"json://127.0.0.1:{port}/phones/messages?:phone={{phone}}&+Idempotency-Key={{key}}",
        }

    def ingest(self, **span: dt.datetime) -> None:
        run = self.world.new_run("kaspi_returns_ingest", **span)
        for merchant in self.world.about["merchants"]:
            shop = self.world.shop(merchant)
            kaspi_returns_ingest.fetch(
                self.world.dsn, run, shop, self.world.clock, f"{run.run_id}/fetch", sealer=self.sealer
            )
        self.world.gate(run, ingest_suite.SUITE)
        kaspi_returns_ingest.publish(self.world.dsn, run, f"{run.run_id}/publish")
        report.raise_if_held(self.world.dsn, run)

    def tell(self) -> dict[str, dict[str, int]]:
        outfit = Outfit(
            self.sealer,
            lambda name: channel_of(
                self.urls[name],
                {"per_minute": 60_000, "quiet_hours": name != "notices_almaty_tech",
                 "deduplicates": name == "notices_sary_kids"},
            ),
        )  # fmt: skip
        return tell(self.world.dsn, outfit, self.server, "test#1", self.world.clock.now())


@pytest.fixture(scope="module")
def telling(new_warehouse: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telling]:
    folder, dsn = tmp_path_factory.mktemp("sandbox"), new_warehouse()
    with process("include.sandbox", "--state-dir", str(folder), "--port", "0", "--smtp-port", "0") as ready:
        about = requests.get(f"{ready['url']}/control/world", timeout=30).json()
        catalogues = {
            one["id"]: requests.get(ready["url"] + one["catalogue_path"], timeout=30).content.decode("utf-8")
            for one in about["merchants"]
        }
        onboarding.load(dsn, about, catalogues)
        told = Telling(World(ready["url"], dsn, about), ready["smtp_port"], folder)
        begin = dt.datetime.fromisoformat(about["begin"]) - dt.timedelta(days=7)
        told.ingest(range_from=begin, range_to=dt.datetime.fromisoformat(about["start_of_life"]))
        told.world.receipts()
        told.tell()
        for tick in about["ticks"]:
            told.world.advance(tick)
            told.ingest()
            told.world.receipts()
            told.tell()
            told.tell()
        yield told


def buyers(telling: Telling) -> dict[str, str]:
    """The phone of everybody whose contact is kept, by merchant and order."""
    with connect(telling.world.dsn) as conn:
        rows = conn.execute("select merchant_id, order_id, sealed from core.contact").fetchall()
    return {
        f"{row['merchant_id']}/{row['order_id']}": international(telling.sealer.open(bytes(row["sealed"])).phone)
        for row in rows
    }


def expected(telling: Telling) -> dict[str, list[str]]:
    """Who is to be told, a phone a case, by merchant: what came within three days of its booking."""
    known = buyers(telling)
    rows = telling.world.query(
        """
        select distinct unit.merchant_id, unit.case_id, unit.order_id
        from ledger.unit
        inner join ledger.unit_event as event using (unit_id)
        where
            unit.case_id is not null and unit.received_at is not null
            and event.type in ('received', 'adopted') and event.recorded_at - unit.received_at < interval '72 hours'
        """
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        phone = known.get(f"{row['merchant_id']}/{row['order_id']}")
        if phone:
            found.setdefault(row["merchant_id"], []).append(phone)
    return {merchant_id: sorted(phones) for merchant_id, phones in found.items()}


def test_by_mail_each_buyer_of_the_one_shop_got_exactly_one(telling: Telling) -> None:
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (telling.folder / "mailbox").glob("*@phones.example.eml")
    ]
    came = sorted(str(mail["To"]).partition("@")[0] for mail in mails)
    assert came == expected(telling)["almaty_tech"]
    assert len(came) >= 3, "too few to prove anything"
    assert len({str(mail["Message-ID"]) for mail in mails}) == len(mails)


def test_by_phone_nobody_was_woken_and_the_rest_waits_for_the_morning(telling: Telling) -> None:
    files = (telling.folder / "phones").glob("*.json")
    came = [json.loads(path.read_text("utf-8"))["phone"] for path in files]
    waiting = telling.world.query(
        "select order_id from ops.notice where merchant_id = 'sary_kids' and status = 'queued'"
    )
    known = buyers(telling)
    assert sorted(came + [known[f"sary_kids/{row['order_id']}"] for row in waiting]) == expected(telling)["sary_kids"]
    late = telling.world.query(
        "select (sent_at at time zone 'Asia/Almaty')::time as at from ops.notice where merchant_id = 'sary_kids' "
        "and status = 'sent'"
    )
    assert all(dt.time(9) <= row["at"] < dt.time(21) for row in late)


def test_a_shop_without_notices_told_nobody_and_kept_nobodys_phone(telling: Telling) -> None:
    assert telling.world.query("select 1 from ops.notice where merchant_id = 'jibek_home'") == []
    assert not any(key.startswith("jibek_home/") for key in buyers(telling))


def test_nothing_is_stuck(telling: Telling) -> None:
    rows = telling.world.query("select status, count(*) as n from ops.notice group by status")
    assert {row["status"] for row in rows} <= {"sent", "queued"}
    assert telling.world.query("select alert_key from ops.alert where kind like 'notice%'") == []


def test_merchants_were_told_of_decisions_once_each(telling: Telling) -> None:
    rows = telling.world.query("select merchant_id, subject, kind, message_key from ops.merchant_notice")
    assert {row["merchant_id"] for row in rows} == {"almaty_tech", "jibek_home", "sary_kids"}
    keys = {row["message_key"] for row in rows if row["message_key"]}
    sent = telling.world.query("select message_key from ops.outbox where kind = 'owed' and status = 'sent'")
    assert {row["message_key"] for row in sent} == keys
    assert len(keys) < len(rows), "a mail tells of many"
