"""The catalogues are complete, and every translation keeps the values of its text."""

import datetime as dt
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from include.console import desk_files
from include.locale.words import FOLDER, words

ROOT = FOLDER.parents[1]
SOURCES = [
    *((path, "python") for path in (*ROOT.glob("include/**/*.py"),) if "sandbox" not in path.parts),
    *((path, "jinja2") for path in (*ROOT.glob("include/**/*.j2"), *ROOT.glob("include/console/templates/*.html"))),
]


def texts() -> set[str]:
    """Every text marked in the code, the templates and the scripts; of a plural the singular."""
    found = set(desk_files.texts())
    for path, method in SOURCES:
        with Path(path).open("rb") as source:
            for _line, message, _comments, _context in extract(method, source, keywords={"_": None, "n_": (1, 2)}):
                found.add(message if isinstance(message, str) else message[0])
    return found


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_every_text_is_translated_and_no_translation_is_left_over(language: str) -> None:
    with (FOLDER / language / "LC_MESSAGES" / "qaitarym.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    known = {entry.id if isinstance(entry.id, str) else entry.id[0]: entry for entry in catalogue if entry.id}
    assert set(known) == texts()
    for text, entry in known.items():
        forms = [entry.string] if isinstance(entry.string, str) else list(entry.string)
        for form in forms:
            assert form, text
            assert values(form) == values(text), text


def test_every_text_of_the_scripts_is_written_out_where_it_is_shown() -> None:
    for path in desk_files.SCRIPTS.glob("*.js"):
        script = path.read_text(encoding="utf-8")
        calls = len(re.findall(r"(?<!function )\bt\(", script))
        assert calls == len(desk_files.TEXT.findall(script)), path.name


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_numbers_read_as_people_write_them() -> None:
    ru, kk, en = words("ru"), words("kk"), words("en")
    assert ru.money(1234567) == "1\u00a0234\u00a0567\u00a0₸"
    assert en.money(1234567) == "1,234,567\u00a0₸"
    assert ru.percent(0.0534) == "5,3%"
    assert kk.percent(0.534) == "53%"
    assert (ru.hours(20), ru.hours(60)) == ("20\u00a0ч", "2,5\u00a0дн.")
    assert [ru.n_("{count} unit", "{count} units", n) for n in (1, 3, 12)] == ["1 единица", "3 единицы", "12 единиц"]


def test_an_unknown_language_is_russian() -> None:
    assert words("de").language == words(None).language == "ru"
    assert re.search("[а-я]", words("de")._("received"))


def test_midnight_ends_the_day_before() -> None:
    midnight = dt.datetime(2026, 11, 11, 19, tzinfo=dt.UTC)
    assert words("ru").until(midnight) == "11 нояб., 24:00"
    assert words("en").until(midnight, year=True) == "11 November 2026, 24:00"
    assert words("ru").until(midnight - dt.timedelta(minutes=1)) == "11 нояб., 23:59"
