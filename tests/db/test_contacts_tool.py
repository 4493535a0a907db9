"""What a merchant tells of his buyers: sealed beside what Kaspi gave, repeated nowhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

from include.db.connection import connect
from include.kaspi.privacy import Contact
from tests.db.notice_world import BUYER, NoticeWorld
from tools import contacts

HEAD = "order_code,email,telegram,language\n"


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> NoticeWorld:
    return NoticeWorld(new_warehouse())


def call(world: NoticeWorld, monkeypatch: pytest.MonkeyPatch, folder: Path, text: str, merchant: str = "alpha") -> int:
    file = folder / "buyers.csv"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv(contacts.DSN, world.dsn)
    monkeypatch.setenv(contacts.KEY, world.key)
    monkeypatch.setattr("sys.argv", ["contacts", "--merchant", merchant, str(file)])
    return contacts.main()


def kept(world: NoticeWorld) -> dict[str, Contact]:
    rows = world.ask("select order_id, sealed from core.contact order by order_id")
    return {row["order_id"]: world.sealer.open(bytes(row["sealed"])) for row in rows}


def test_what_is_told_is_sealed_and_what_is_not_told_stays(
    world: NoticeWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.order(1)
    world.order(2, contact=None)
    text = HEAD + "700000001,aigul@mail.example,,kk\n700000002,,100200300,\n799999999,,,en\n"
    assert call(world, monkeypatch, tmp_path, text) == 0
    out, err = capsys.readouterr()
    assert "2 orders' buyers" in out and "no such order: 799999999" in out and "aigul" not in out + err
    assert kept(world) == {
        "o1": Contact(BUYER.name, BUYER.phone, "aigul@mail.example", None, "kk"),
        "o2": Contact("", "", None, "100200300", None),
    }
    assert call(world, monkeypatch, tmp_path, "order_code,telegram\n700000001,@aigul_kz\n") == 0
    assert kept(world)["o1"] == Contact(BUYER.name, BUYER.phone, "aigul@mail.example", "@aigul_kz", "kk")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("email\na@b.kz\n", "first line"),
        (HEAD + "700000001,no address,,\n", "line 2: email"),
        (HEAD + "700000001,,,\n700000001,,+7701,\n", "line 3: telegram"),
        (HEAD + "700000001,,,de\n", "line 2: language"),
        (HEAD + "x,,,ru\n", "line 2: order_code"),
    ],
)
def test_a_bad_file_changes_nothing_and_its_values_are_not_repeated(
    world: NoticeWorld,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    why: str,
) -> None:
    world.order(1)
    assert call(world, monkeypatch, tmp_path, text) == 1
    err = capsys.readouterr().err
    assert why in err and "no address" not in err and "+7701" not in err
    assert kept(world) == {"o1": BUYER}


def test_nobodys_address_is_kept_for_a_merchant_without_notices(
    world: NoticeWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.order(1, contact=None)
    with connect(world.dsn) as conn:
        conn.execute("update core.merchant set notices = false")
    assert call(world, monkeypatch, tmp_path, HEAD + "700000001,a@b.kz,,\n") == 1
    assert "sends no notices" in capsys.readouterr().err
    assert kept(world) == {}
