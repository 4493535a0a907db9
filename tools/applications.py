"""Preview or take in a file of applications (заявки) for a merchant.

``python -m tools.applications FILE --merchant M [--take-in --actor NAME]`` prints what the file would change, row by
row; with ``--take-in`` it is stored and published by the merchant's next ingest run. The warehouse's address is read
from QAITARYM_WAREHOUSE_DSN. Ends with 1 when a row or the file cannot be used, 2 when the command is wrong.
"""

import argparse
import os
import sys
from pathlib import Path

from include.clock import from_setting
from include.flows.applications import VERDICTS, Preview, preview, take_in


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    asked = _asked(arguments)
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        print("set QAITARYM_WAREHOUSE_DSN to the warehouse's address", file=sys.stderr)
        return 2
    clock = from_setting(os.environ.get("QAITARYM_CLOCK"))
    try:
        body = asked.file.read_bytes()
    except OSError as error:
        print(f"{asked.file} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    try:
        if asked.take_in:
            seen = take_in(dsn, asked.merchant, asked.file.name, body, asked.actor, clock)
        else:
            seen = preview(dsn, asked.merchant, asked.file.name, body, clock.now())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    _report(seen, asked.language, everything=asked.all)
    return 1 if seen.bad or seen.refused else 0


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.applications", description=__doc__)
    parser.add_argument("file", type=Path, help="CSV or XLSX")
    parser.add_argument("--merchant", required=True, help="core.merchant.merchant_id")
    parser.add_argument("--take-in", action="store_true", help="store the rows; without it nothing is written")
    parser.add_argument("--actor", default="", help="who takes the file in; needed with --take-in")
    parser.add_argument("--all", action="store_true", help="print unchanged rows too")
    parser.add_argument("--language", choices=("ru", "en"), default="ru")
    asked = parser.parse_args(arguments)
    if asked.take_in and not asked.actor.strip():
        parser.error("--take-in needs --actor: who takes the file in")
    return asked


def _report(seen: Preview, language: str, *, everything: bool) -> None:
    english = language == "en"
    for row in seen.rows:
        if everything or row.verdict != "unchanged":
            detail = row.details[english]
            print(f"{row.line}\t{row.application_number}\t{row.words(language)}{f': {detail}' if detail else ''}")
    for one in seen.bad:
        where = f"{one.column}: " if one.column else ""
        print(f"{one.line}\t{one.application_number or '?'}\t! {where}{one.text(language)}")
    for name, times in sorted(seen.unknown.items()):
        print(f"{'unknown' if english else 'незнакомое значение'}\t{name}\t{times}")
    if seen.unread_columns or seen.personal_columns:
        print(
            f"{'columns not read' if english else 'колонки не прочитаны'}\t"
            f"{', '.join((*seen.unread_columns, *seen.personal_columns))}"
        )
    if seen.refused:
        print(f"{seen.file_name}\t! {seen.refusal(language)}")
    told = {verdict: VERDICTS[verdict][english] for verdict in VERDICTS} | {"bad": "bad" if english else "с ошибками"}
    print("; ".join(f"{told[name]}: {count}" for name, count in seen.counts.items()) or "0")
    if seen.known_since:
        print(f"{'taken in before' if english else 'файл уже принят'}: {seen.known_since:%Y-%m-%d %H:%M} UTC")
    elif seen.taken_in:
        print("taken in" if english else "принято")


if __name__ == "__main__":
    sys.exit(main())
