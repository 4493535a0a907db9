"""The price list: read from a file, checked, shown before it is loaded, and never changed afterwards."""

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import yaml

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain.days import almaty_day
from include.domain.money import Rate
from include.domain.rate_file import COLUMNS, check_against, preview, read_rows
from include.flows.costs import price_list

LARGEST_FILE = 1 << 20
RATE_COLUMNS = (
    "version", "merchant_id", "warehouse", "term", "per", "code", "valid_from", "amount", "permille", "name_ru",
    "name_kk", "name_en",
)  # fmt: skip


class BadRateCard(ValueError):
    """A price list that cannot be loaded; ``problems`` says why, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else ""))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Loaded:
    """A loaded list: its ``version``, what each row changed, and whether it was ``known`` already."""

    version: int
    changes: list[str]
    known: bool


def look(conn: Connection, file_name: str, body: bytes, now: dt.datetime) -> list[str]:
    """Return what loading the list would change, a sentence a row. Raises :class:`BadRateCard`; writes nothing."""
    rates = _read(file_name, body)
    known = price_list(conn, None)
    _check(conn, rates, known, now)
    return preview(rates, known)


def load(conn: Connection, file_name: str, body: bytes, actor: str, now: dt.datetime) -> Loaded:
    """Load a list as a new version, in a transaction of its own. The same content again is the version it is already.

    Raises :class:`BadRateCard`; nothing is written then.
    """
    if not actor.strip():
        raise BadRateCard(["whoever loads a price list has a name"])
    digest = hashlib.sha256(body).digest()
    with conn.transaction():
        rates = _read(file_name, body)
        row = run_statement(
            conn, "core/rate_version", sha256=digest, file_name=file_name[:200], actor=actor.strip()[:200], now=now
        ).fetchone()
        known = price_list(conn, None)
        if row is None:
            there = run_statement(conn, "core/rate_version__of", sha256=digest).fetchone()
            assert there is not None
            return Loaded(there["version"], [], known=True)
        _check(conn, rates, known, now)
        copy_rows(conn, "core.rate_card", RATE_COLUMNS, (_line(rate, row["version"]) for rate in rates))
    return Loaded(row["version"], preview(rates, known), known=False)


def withdraw(conn: Connection, version: int) -> bool:
    """Take back a version that nobody used and whose days have not come; return False where there is none.

    Raises :class:`BadRateCard` for one that is in use.
    """
    try:
        with conn.transaction():
            return run_statement(conn, "core/rate_version__withdraw", version=version).rowcount == 1
    except psycopg.errors.RaiseException as error:
        raise BadRateCard([error.diag.message_primary or str(error)]) from error


def versions(conn: Connection) -> list[dict[str, Any]]:
    """Return the loaded lists: version, file_name, actor, loaded_at, prices, valid_from."""
    return run_statement(conn, "core/rate_version__all").fetchall()


def _check(conn: Connection, rates: list[Rate], known: list[Rate], now: dt.datetime) -> None:
    places = [(row["merchant_id"], row["warehouse"]) for row in run_statement(conn, "core/rate_card__scopes")]
    if wrong := check_against(rates, known, places, almaty_day(now)):
        raise BadRateCard(wrong)


def _read(file_name: str, body: bytes) -> list[Rate]:
    if len(body) > LARGEST_FILE:
        raise BadRateCard([f"{file_name} is larger than {LARGEST_FILE >> 20} MB"])
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRateCard([f"{file_name} is no UTF-8 text: save it as CSV UTF-8 or YAML"]) from error
    rows = _of_yaml(text) if file_name.lower().endswith((".yaml", ".yml")) else _of_csv(text)
    rates, problems = read_rows(rows, version=0)
    if problems:
        raise BadRateCard([str(problem) for problem in problems])
    if not rates:
        raise BadRateCard([f"{file_name} holds no price"])
    return rates


def _of_csv(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    _known_columns(names, needed=("term", "per", "amount", "valid_from"))
    reader.fieldnames = names
    for row in reader:
        if None in row:
            raise BadRateCard([f"line {reader.line_num}: more cells than the header has"])
        if any(row.values()) and not str(row[names[0]] or "").startswith("#"):
            yield reader.line_num, row


def _of_yaml(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Read ``valid_from`` and ``prices``, a list of mappings; a price may have a ``valid_from`` of its own."""
    try:
        told = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadRateCard([f"no YAML: {error}"]) from error
    prices = told.get("prices") if isinstance(told, dict) else None
    if not isinstance(prices, list) or not all(isinstance(one, dict) for one in prices):
        raise BadRateCard(["a price list has `prices`, a list of prices each with term, per and amount"])
    for number, one in enumerate(prices, start=1):
        _known_columns([str(name) for name in one])
        yield number, {"valid_from": told.get("valid_from"), **one}


def _known_columns(names: list[str], needed: tuple[str, ...] = ()) -> None:
    strange = [name for name in names if name not in COLUMNS]
    lacking = [name for name in needed if name not in names]
    if strange or lacking:
        raise BadRateCard(
            [
                *(f"a price list has no column {name!r}: they are {', '.join(COLUMNS)}" for name in strange),
                *(f"the column {name!r} is lacking" for name in lacking),
            ]
        )


def _line(rate: Rate, version: int) -> tuple[Any, ...]:
    return (
        version, rate.merchant_id, rate.warehouse, rate.term, rate.per, rate.code, rate.valid_from, rate.amount,
        rate.permille, *(rate.names.get(language) for language in ("ru", "kk", "en")),
    )  # fmt: skip
