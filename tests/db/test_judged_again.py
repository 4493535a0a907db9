"""Events that broke the contract, judged again: taken in once from what is kept of them, or open, saying why now."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from include.db.connection import connect
from include.flows import housekeeping, warehouse_receipts_reconcile
from include.flows.contacts import Sealer
from include.flows.quarantine import dismiss, replay
from include.flows.warehouse_events import Sources
from include.wms import contract
from include.wms.sources import FileDrop, HttpFeed
from tests.console.surroundings import client_of
from tests.db.receipts_world import ReceiptsWorld
from tests.loopback import Reply, Server
from tools.quarantine import main

MERCHANT, SOURCE = "tech", "wms/w1"
SECRET = "звонить Айгүл 7015550101"


@pytest.fixture
def world(new_warehouse: Callable[[], str], tmp_path: Path) -> ReceiptsWorld:
    made = ReceiptsWorld(new_warehouse(), tmp_path / "drop")
    made.set_up()
    return made


Mend = Callable[[Callable[[dict[str, Any]], None]], None]


@pytest.fixture
def mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mend]:
    """Change the published contract, as a new version of it would."""

    def mended(change: Callable[[dict[str, Any]], None]) -> None:
        schema = json.loads(contract.SCHEMA_FILE.read_text(encoding="utf-8"))
        change(schema)
        (tmp_path / "contract.json").write_text(json.dumps(schema), encoding="utf-8")
        monkeypatch.setattr(contract, "SCHEMA_FILE", tmp_path / "contract.json")
        forget()

    def forget() -> None:
        contract._validator.cache_clear()
        contract.field_types.cache_clear()

    yield mended
    monkeypatch.undo()
    forget()


def weigh(schema: dict[str, Any]) -> None:
    schema["properties"]["weight_g"] = {"type": "integer"}


def weighed(world: ReceiptsWorld, label: str = "L1", **told: str) -> dict[str, str]:
    """A receipt with a field that the contract does not know yet, and a free text."""
    return world.scan(label, 0.5, weight_g="840", packaging_note=SECRET, **told)


def aside(world: ReceiptsWorld) -> list[tuple[str, str, str]]:
    rows = world.query("select record_key, reason, status from ops.quarantine order by id")
    return [(row["record_key"], row["reason"], row["status"]) for row in rows]


def actions(world: ReceiptsWorld) -> list[tuple[str, str, str | None]]:
    rows = world.query("select action, actor, reason from ops.quarantine_action order by action_id")
    return [(row["action"], row["actor"], row["reason"]) for row in rows]


def taken_in(world: ReceiptsWorld) -> list[tuple[str, dict[str, Any]]]:
    rows = world.query("select event_id, payload from core.warehouse_event order by event_id")
    return [(row["event_id"], row["payload"]) for row in rows]


def sealed(world: ReceiptsWorld) -> list[str]:
    return [row["order_id"] for row in world.query("select order_id from core.contact order by order_id")]


def judge_again(world: ReceiptsWorld, merchant: str = MERCHANT, **more: Any) -> int:
    with connect(world.dsn) as conn:
        return replay(conn, merchant, SOURCE, actor="aliya", now=world.now, **more)


def test_an_event_is_taken_in_as_it_came_once_the_contract_knows_it(
    world: ReceiptsWorld, mend: Mend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = weighed(world)
    world.receipts(1, sent)
    ((key, reason, status),) = aside(world)
    assert (key, status) == (sent["event_id"], "open") and "additionalProperties" in reason
    kept = json.dumps(world.query("select payload from ops.quarantine"), ensure_ascii=False)
    assert SECRET not in kept and "840" not in kept, "in clear stands what the contract knows and no free text"
    assert sealed(world) == [f"{SOURCE} {key}"]
    mend(weigh)
    world.receipts(1.1)
    assert taken_in(world) == [], "nobody has asked for it"
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", world.dsn)
    assert main(["replay", "--merchant", MERCHANT, "--source", SOURCE, "--actor", "aliya"]) == 0
    assert judge_again(world) == 0, "it waits for the next run already"
    assert world.receipts(1.2)["booked"] == 1
    ((event_id, payload),) = taken_in(world)
    assert (event_id, payload["weight_g"], payload["packaging_note"]) == (key, 840, SECRET)
    assert [status for *_, status in aside(world)] == ["resolved"] and sealed(world) == []
    assert [action for action, *_ in actions(world)] == ["replayed", "resolved"]
    assert judge_again(world) == 0
    assert world.receipts(1.3)["events"] == 0
    assert len(world.query("select 1 from ledger.unit")) == 1


def test_a_click_on_the_page_is_enough_and_an_event_of_which_nothing_is_kept_says_who_mends_it(
    world: ReceiptsWorld, mend: Mend
) -> None:
    world.receipts(1, weighed(world), weighed(world, "L2"))
    browser, remedy = client_of(world.dsn), "Whoever sent it corrects it and sends it again."
    page = browser.get("/quality?lang=en").text
    assert page.count("additionalProperties fails") >= 2 and remedy not in page
    with connect(world.dsn) as conn:
        conn.execute("delete from core.contact where order_id like '%2'")
    page = browser.get(f"/quality?lang=en&merchant={MERCHANT}&source={SOURCE}").text
    assert page.count(remedy) == 1
    mend(weigh)
    ids = [str(row["id"]) for row in world.query("select id from ops.quarantine order by id")]
    said = browser.post("/quality/records", data={"do": "replay", "id": ids, "lang": "en"}).text
    assert "1 record will be judged again by the next run. 1 cannot be replayed from here" in said
    # the business clock of the page is another one than that of the runs
    world.receipts(1.2)
    assert [status for *_, status in aside(world)] == ["resolved", "open"]
    assert "Settled since: 1" in browser.get("/quality?lang=en").text
    assert len(taken_in(world)) == 1


def test_what_fails_for_another_reason_stays_one_record_with_the_newest(world: ReceiptsWorld, mend: Mend) -> None:
    def strict(schema: dict[str, Any]) -> None:
        weigh(schema)
        schema["properties"]["packaging_note"]["maxLength"] = 3

    world.receipts(1, weighed(world))
    ((key, before, _),) = aside(world)
    judge_again(world)
    world.receipts(1.1)
    assert aside(world) == [(key, before, "open")], "no rule has changed"
    mend(strict)
    judge_again(world)
    world.receipts(1.2)
    assert aside(world) == [(key, "packaging_note: maxLength fails", "open")]
    assert actions(world)[-1] == ("reopened", "pipeline", before)
    assert f"before: {before}" in client_of(world.dsn).get("/quality?lang=en").text
    assert sealed(world) == [f"{SOURCE} {key}"] and taken_in(world) == []
    mend(lambda schema: schema["properties"]["packaging_note"].update(maxLength=2000))
    assert judge_again(world) == 1
    world.receipts(1.3)
    assert [event_id for event_id, _ in taken_in(world)] == [key]


@pytest.mark.parametrize("when", ["before the click", "after it"])
def test_the_corrected_event_wins_and_it_is_one(world: ReceiptsWorld, mend: Mend, when: str) -> None:
    sent = weighed(world)
    corrected = {name: value for name, value in sent.items() if name != "weight_g"} | {"packaging_note": "torn"}
    world.receipts(1, sent)
    mend(weigh)
    if when == "before the click":
        world.drop(corrected)
        world.stage(world.new_run(1.05))  # it is taken in, and not published yet
        assert judge_again(world) == 1
    else:
        assert judge_again(world) == 1
        world.drop(corrected)
    world.receipts(1.1)
    ((event_id, payload),) = taken_in(world)
    assert event_id == sent["event_id"] and payload["packaging_note"] == "torn" and "weight_g" not in payload
    assert [status for *_, status in aside(world)] == ["resolved"] and sealed(world) == []
    assert len(world.query("select 1 from ledger.unit")) == 1


def test_runs_at_once_take_it_in_once(world: ReceiptsWorld, mend: Mend) -> None:
    sent = [weighed(world, f"L{number}") for number in range(20)]
    world.receipts(1, *sent)
    mend(weigh)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: judge_again(world), range(4))) == 20
    runs = [world.new_run(1.1, f"at once {number}") for number in range(4)]
    sources = Sources({"w1": FileDrop(world.folder)}, world.sealer)
    with ThreadPoolExecutor(4) as pool:
        came = pool.map(lambda run: warehouse_receipts_reconcile.collect(world.dsn, run, sources, run.run_id), runs)
    assert sum(came) == 20
    world.receipts(1.2)
    assert sorted(event_id for event_id, _ in taken_in(world)) == sorted(one["event_id"] for one in sent)
    assert [action for action, *_ in actions(world)] == ["replayed"] * 20 + ["resolved"] * 20


def test_what_was_dismissed_meanwhile_is_left_alone_and_can_be_asked_for(world: ReceiptsWorld, mend: Mend) -> None:
    world.receipts(1, weighed(world))
    ids = [row["id"] for row in world.query("select id from ops.quarantine")]
    with connect(world.dsn) as conn:
        assert dismiss(conn, ids, "aliya", "a test of the warehouse", world.now) == 1
    mend(weigh)
    assert judge_again(world) == 0
    assert judge_again(world, ids=ids) == 1
    world.receipts(1.2)
    assert [status for *_, status in aside(world)] == ["resolved"] and len(taken_in(world)) == 1


def test_what_was_sealed_with_another_key_says_so_and_waits_for_it(world: ReceiptsWorld, mend: Mend) -> None:
    world.receipts(1, weighed(world))
    mend(weigh)
    right, world.sealer = world.sealer, Sealer(Fernet.generate_key().decode())
    judge_again(world)
    world.receipts(1.1)
    ((_, reason, status),) = aside(world)
    assert "privacy_key was changed" in reason and status == "open"
    world.sealer = right
    judge_again(world)
    world.receipts(1.2)
    assert len(taken_in(world)) == 1


def test_what_is_judged_again_in_vain_holds_no_part_back(world: ReceiptsWorld) -> None:
    """Nothing was mended, and a click is no reason to keep the warehouse's news from anybody."""
    sources = Sources({"w1": FileDrop(world.folder)}, world.sealer)

    def rejected(at: float) -> int:
        run = world.new_run(at)
        warehouse_receipts_reconcile.collect(world.dsn, run, sources, "collect")
        (row,) = world.query("select rows_rejected from ops.batch where run_id = %s", run.run_id)
        return int(row["rows_rejected"])

    world.drop(*(weighed(world, f"L{number}") for number in range(8)))
    assert rejected(1) == 8
    assert judge_again(world) == 8
    assert rejected(1.1) == 0
    assert [status for *_, status in aside(world)] == ["open"] * 8
    world.drop(weighed(world, "L9"))
    assert rejected(1.2) == 1


def test_what_is_kept_goes_with_the_contacts_of_its_age(world: ReceiptsWorld, mend: Mend) -> None:
    world.receipts(1, weighed(world))
    mend(weigh)
    night = dataclasses.replace(world.new_run(47, "night"), dag_id="housekeeping")
    assert housekeeping.tidy(world.dsn, night, "night#1")["contacts_erased"] == 1
    assert judge_again(world) == 0
    assert [status for *_, status in aside(world)] == ["open"]


def test_an_event_of_a_merchant_who_was_not_here_yet_comes_in_when_he_is(world: ReceiptsWorld) -> None:
    world.receipts(1, world.scan("L1", 0.5, merchant="late"))
    ((_, reason, _),) = aside(world)
    assert "late is not an active merchant here" in reason
    world.set_up("late")
    assert judge_again(world, "late") == 1
    world.receipts(1.1)
    assert len(taken_in(world)) == 1
    assert [status for *_, status in aside(world)] == ["resolved"]


def test_an_event_that_did_not_say_whose_it_is_is_settled_by_the_one_that_does(world: ReceiptsWorld) -> None:
    sent = world.scan("L1", 0.5)
    world.receipts(1, {**sent, "merchant_id": ""})
    assert world.query("select merchant_id from ops.quarantine") == [{"merchant_id": "*"}]
    world.receipts(1.1, sent)
    assert [status for *_, status in aside(world)] == ["resolved"] and sealed(world) == []


def test_an_id_that_no_index_can_hold_harms_only_its_event(world: ReceiptsWorld) -> None:
    long = "".join(chr(0x4E00 + number) for number in range(5_000))
    sent = world.scan("L1", 0.5)
    world.receipts(1, {**sent, "event_id": long}, {**sent, "merchant_id": long}, world.scan("L2", 0.5))
    assert [event["unit_label"] for event in world.query("select unit_label from ledger.unit")] == ["L2"]
    assert len(aside(world)) == 2


def test_an_event_that_is_no_json_is_known_by_its_id_where_that_is_legible(world: ReceiptsWorld) -> None:
    """It comes by a real feed; its sender mends it, and what cannot be read stays open as often as it is tried."""
    sent = [world.scan("L1", 0.5), world.scan("L2", 0.5)]
    bodies = [json.dumps(one).replace('"unit_label": ', '"minutes": NaN, "unit_label": ').encode() for one in sent]
    pages = [bodies]

    def feed(_path: str, params: dict[str, str]) -> Reply:
        begin = int(params.get("cursor", "0"))
        events = b",".join(pages[begin]) if begin < len(pages) else b""
        head = json.dumps({"next_cursor": str(begin + 1), "has_more": False}).removesuffix("}").encode()
        return Reply(200, head + b', "events": [' + events + b"]}")

    with Server(feed) as server:
        sources = Sources({"w1": HttpFeed(server.url, "token")}, world.sealer)

        def collect(at: float) -> None:
            warehouse_receipts_reconcile.collect(world.dsn, world.new_run(at), sources, "collect")

        collect(1)
        asides = [(one["event_id"], "event: is no JSON that can be read", "open") for one in sent]
        assert aside(world) == asides
        assert judge_again(world) == 2
        collect(1.1)
        assert aside(world) == asides
        assert judge_again(world) == 2
        pages.append([json.dumps(sent[0]).encode()])
        collect(1.2)
    world.receipts(1.3)
    assert [event_id for event_id, _ in taken_in(world)] == [sent[0]["event_id"]]
    assert [status for *_, status in aside(world)] == ["resolved", "open"]
