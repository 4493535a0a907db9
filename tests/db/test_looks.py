"""What a person saw on Kaspi, and a list that is not seen as it says."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.db.connection import connect
from include.flows import looks, restock_sync
from include.flows.run import open_run
from tests.db.restock_world import Offer, RestockWorld, at
from tools import price_list as tool


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    with RestockWorld(new_warehouse(), {sku: Offer(sku) for sku in ("A1", "B1")}).served() as made:
        made.onboard()
        made.observed = False
        made.unit("U1", "A1", 1, route="resale", grade="B")
        quick(made, 2)
        made.fetched(2.2)
        yield made


def quick(world: RestockWorld, hours: float) -> None:
    """A run without its gate."""
    run = world.new_run("restock_sync", hours)
    restock_sync.stage(world.dsn, run, world.ports(), f"{run.run_id}/stage#1")
    with connect(world.dsn) as conn:
        conn.execute("update ops.batch set status = 'passed' where status = 'staged'")
    restock_sync.publish(world.dsn, run, f"{run.run_id}/publish#1")


def look(hours: float, *, on_sale: bool = True, price: int | None = 9_250, sku: str = "A1R") -> looks.Look:
    return looks.Look(sku, "PP1", at(hours), on_sale, price)


def take(world: RestockWorld, *found: looks.Look, hours: float = 4) -> tuple[int, list[str]]:
    with connect(world.dsn) as conn:
        return looks.take_in(conn, "m", found, source="file", actor="aliya", now=at(hours))


def observed(world: RestockWorld) -> object:
    return world.one("select observed_at from channel.addition")


def test_a_look_of_a_person_proves_what_he_saw_when_he_saw_it(world: RestockWorld) -> None:
    assert take(world, look(2.1), look(2.5), look(3), look(3), look(3, sku="B1")) == (3, ["B1"])
    quick(world, 4)
    assert observed(world) == at(2.5)  # the first one after Kaspi took the list
    kept = world.query("select distinct source, actor from channel.observation")
    assert kept == [{"source": "file", "actor": "aliya"}]
    assert take(world, look(3)) == (0, ["A1R"])


@pytest.mark.parametrize("seen", [look(3, on_sale=False), look(3, price=9_000), look(2.1)])
def test_a_look_that_contradicts_or_came_too_early_proves_nothing(world: RestockWorld, seen: looks.Look) -> None:
    take(world, seen)
    quick(world, 4)
    assert observed(world) is None


def test_a_late_file_is_compared_with_the_list_of_its_time(world: RestockWorld) -> None:
    world.offers["A1"].price = 12_000
    quick(world, 3)
    assert world.shown()["A1R"] == (1, 11_100)
    take(world, look(2.5))
    quick(world, 4)
    assert observed(world) == at(2.5)


def test_nobody_has_seen_the_future(world: RestockWorld) -> None:
    with pytest.raises(ValueError, match="nobody has looked"):
        take(world, look(5))


def test_a_file_is_read_or_says_which_lines_are_wrong() -> None:
    head = "offer_sku;store_id;observed_at;on_sale;price;quantity\n"
    good = looks.read_looks(
        f"\ufeff{head}A1R;PP1;2026-11-14 11:00;да;9250;\nA1R;PP1;2026-11-14T06:30:00Z;no;;0\n".encode()
    )
    assert [(one.observed_at, one.on_sale, one.price, one.quantity) for one in good] == [
        (at(3), True, 9_250, None), (at(3.5), False, None, 0),
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"line 2: .*line 3: on_sale is yes or no"):
        looks.read_looks(f"{head}A1R;PP1;yesterday;да;;\nA1R;PP1;2026-11-14;perhaps;;\n".encode())
    with pytest.raises(ValueError, match="no column store_id"):
        looks.read_looks(b"offer_sku,observed_at,on_sale\n")


def swept(world: RestockWorld, hours: float) -> None:
    """The orders were read from Kaspi."""
    with connect(world.dsn) as conn:
        run = open_run(conn, "kaspi_returns_ingest", f"ingest-{hours}", _Clock(hours))
        conn.execute(
            "insert into ops.batch (dag_id, run_id, merchant_id, status) values (%s, %s, 'm', 'published')",
            (run.dag_id, run.run_id),
        )


class _Clock:
    def __init__(self, hours: float) -> None:
        self.hours = hours

    def now(self) -> object:
        return at(self.hours)


def versions(world: RestockWorld) -> int:
    return int(world.one("select count(*) from channel.feed_version where status = 'published'"))


def test_a_list_that_is_not_seen_as_it_says_is_published_anew_until_it_is(world: RestockWorld) -> None:
    take(world, look(2.5, on_sale=False), hours=3)
    quick(world, 3)
    assert versions(world) == 1  # perhaps it was sold: the orders were not read since
    swept(world, 3)
    quick(world, 3.1)
    assert versions(world) == 2
    assert world.one("select count(distinct sha256) from channel.feed_version") == 1
    quick(world, 3.2)
    assert versions(world) == 2  # Kaspi has not taken that one yet
    world.fetched(3.3)
    take(world, look(3.4, price=9_900), hours=4)
    swept(world, 4)
    quick(world, 4.1)
    assert versions(world) == 3
    world.fetched(4.2)
    take(world, look(4.3), hours=5)
    swept(world, 5)
    quick(world, 5.1)
    assert (versions(world), observed(world)) == (3, at(4.3))


def test_what_an_order_took_is_not_published_anew(world: RestockWorld) -> None:
    take(world, look(2.5, on_sale=False), hours=3)
    world.order("o1", "A1R", 2.4)
    swept(world, 3)
    quick(world, 3.1)
    assert "A1R" not in world.shown()


def test_a_list_that_kaspi_does_not_take_raises_an_alert_until_it_does(world: RestockWorld) -> None:
    alerts = "select alert_key from ops.alert where cleared_at is null"
    world.offers["B1"].count = 7
    quick(world, 3)
    quick(world, 5)
    assert world.query(alerts) == []
    quick(world, 7)
    assert world.query(alerts) == [{"alert_key": "price_list_unfetched/m"}]
    world.fetched(7.5)
    quick(world, 8)
    assert world.query(alerts) == []


def test_the_tool_tells_of_cards_and_looks(
    world: RestockWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", world.dsn)
    whose = ["--merchant", "m"]
    assert tool.main(["cards", *whose]) == 0
    assert "A1R" in capsys.readouterr().out
    said = ["card", *whose, "--sku", "A1R", "--actor", "aliya", "--state"]
    assert tool.main([*said, "rejected", "--note", "no"]) == 0
    assert tool.main([*said, "rejected"]) == 0
    assert tool.main(["card", *whose, "--sku", "Z9", "--actor", "aliya", "--state", "linked"]) == 1
    assert "no resale SKU 'Z9'" in capsys.readouterr().err
    assert world.query("select was, state, changed_by, note from channel.resale_sku_change") == [
        {"was": "linked", "state": "rejected", "changed_by": "aliya", "note": "no"}
    ]
    file = tmp_path / "looks.csv"
    file.write_text("offer_sku,store_id,observed_at,on_sale\nA1R,PP1,2026-11-14T12:00+05:00,yes\n", encoding="utf-8")
    assert tool.main(["looks", *whose, "--file", str(file), "--actor", "aliya"]) == 0
    assert tool.main(["looks", *whose, "--file", str(file), "--actor", "aliya"]) == 1
    assert tool.main(["look", *whose, "--sku", "A1R", "--store", "PP1", "--on-sale", "yes", "--actor", "aliya"]) == 0
    assert [row["source"] for row in world.query("select source from channel.observation order by observed_at")] == [
        "file", "hand",
    ]  # fmt: skip
