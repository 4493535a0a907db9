"""The price list: 100,000 offers of a merchant with returned goods laid over them, composed and validated.

Floor: lxml parses and writes the same document. Peer: the same overlay by the standard library's ElementTree, which
neither validates nor reads back what it wrote. All three work in processes of their own, in turn; what ours and the
peer made is compared element by element.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.processes import report_of, start
from bench.result import Result, Size

OFFERS = {"smoke": 1_000, "full": 100_000}
REPETITIONS = {"smoke": 1, "full": 7}
SECONDS, AIM, MEBIBYTES = 5.0, 2.0, 200.0
WAYS = ("ours", "floor", "standard_library")
ONE_ADDED_OF, ONE_RESALE_OF = 50, 100  # offers


def run(size: Size) -> Result:
    """Measure at one size; every size checks that the lists are the same and that nothing is lost."""
    result, count = Result("feed", size), OFFERS[size]
    samples: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="qaitarym-bench-") as scratch:
        folder = Path(scratch)
        wanted = write(folder, count)
        for repetition in range(REPETITIONS[size]):
            for way in WAYS:
                samples[way].append(report_of(start(sys.executable, "-m", "bench.feed_task", way, str(folder))))
            sys.stdout.write(f"feed: round {repetition + 1} of {REPETITIONS[size]}\n")
            sys.stdout.flush()
        differing = differences(folder / "ours.xml", folder / "standard_library.xml")
        size_mib = (folder / "base.xml").stat().st_size / 2**20
    _figures(result, samples, size_mib)
    found = samples["ours"][0]
    result.check("elements that differ from the standard library's", differing, "0", holds=differing == 0)
    result.check("offers", found["offers"], str(wanted["offers"]), holds=found["offers"] == wanted["offers"])
    result.check("errors on our offers", found["errors"], "0", holds=found["errors"] == 0)
    result.check(
        "warnings on the merchant's own", found["warnings"], str(wanted["warnings"]),
        holds=found["warnings"] == wanted["warnings"],
    )  # fmt: skip
    return result


def _figures(result: Result, samples: dict[str, list[dict[str, Any]]], size_mib: float) -> None:
    result.measure("size of the merchant's list", [size_mib], "MiB")
    seconds = {
        way: result.measure(f"{way}: wall", [one["seconds"] for one in found], "s") for way, found in samples.items()
    }
    for step in samples["ours"][0]["steps"]:
        result.measure(f"  ours, {step}", [one["steps"][step] for one in samples["ours"]], "s")
    memory = {
        way: result.measure(f"{way}: memory over its interpreter", [one["mib"] for one in found], "MiB")
        for way, found in samples.items()
    }
    result.check("composed and validated", seconds["ours"], f"<= {SECONDS:.0f} s (aim {AIM:.0f})",
                 holds=seconds["ours"] <= SECONDS, of_time=True)  # fmt: skip
    result.check("memory", memory["ours"], f"<= {MEBIBYTES:.0f} MiB", holds=memory["ours"] <= MEBIBYTES)
    result.check("ours ÷ floor", seconds["ours"] / seconds["floor"], "a comparison", holds=True, of_time=True)
    result.check("ours ÷ standard library", seconds["ours"] / seconds["standard_library"], "a comparison", holds=True,
                 of_time=True)  # fmt: skip


def write(folder: Path, count: int) -> dict[str, int]:
    """Write a merchant's list of ``count`` offers, one in two hundred dirty, and what is laid over it.

    Returns how many offers the composed list has and how many rules the merchant's own ones break.
    """
    plan: dict[str, list[Any]] = {"additions": [], "resale": []}
    warnings = 0
    with (folder / "base.xml").open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<kaspi_catalog date="2026-11-15" xmlns="kaspiShopping">\n')
        file.write("<company>Магазин</company>\n<merchantid>1</merchantid>\n<offers>\n")
        for number in range(count):
            dirty = number % 200 == 199
            sku = f"ABCDEFG-{number:014d}" if dirty else f"SKU{number:06d}"
            warnings += dirty
            price = 5_000 + number % 997 * 100
            file.writelines(_offer(sku, number, price))
            if number % ONE_ADDED_OF == 1:
                plan["additions"].append([sku, "PP1", 1 + number % 3])
            if number % ONE_RESALE_OF == 3:
                plan["resale"].append([f"{sku}R", sku, "PP1", 1, round(price * 0.925)])
        file.write("</offers>\n</kaspi_catalog>\n")
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return {"offers": count + len(plan["resale"]), "warnings": warnings}


def _offer(sku: str, number: int, price: int) -> Iterator[str]:
    yield f'<offer sku="{sku}"><model>Чайник электрический &amp; чашка {number}</model>'
    yield f"<brand>Brand{number % 50}</brand>"
    yield "<availabilities>"
    for store in range(1, 2 + number % 2):
        yield f'<availability available="yes" storeId="PP{store}" preOrder="0" stockCount="{number % 20}"/>'
    yield "</availabilities>"
    if number % 5:
        yield f"<price>{price}</price></offer>\n"
    else:
        cities = "".join(f'<cityprice cityId="{city}">{price}</cityprice>' for city in (750000000, 710000000))
        yield f"<cityprices>{cities}</cityprices></offer>\n"


def differences(one: Path, other: Path) -> int:
    """Return how many elements of two documents differ in name, attributes or text, less the blank between them."""
    from lxml import etree

    def elements(path: Path) -> Iterator[tuple[Any, ...]]:
        for _, element in etree.iterparse(str(path)):
            yield element.tag, sorted(element.attrib.items()), (element.text or "").strip()

    missing = object()
    first, second = elements(one), elements(other)
    count = 0
    while True:
        left, right = next(first, missing), next(second, missing)
        if left is missing and right is missing:
            return count
        count += left != right
