"""One way to lay returned goods over a price list, in a process of its own: ``python -m bench.feed_task WAY FOLDER``.

Reads ``base.xml`` and ``plan.json`` of the folder, writes ``<way>.xml`` beside them, prints one line of JSON: the
seconds of the work and of its steps, and the memory the work took over the interpreter with its imports, in MiB.
"""

import argparse
import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.ours import peak_mib

NOW = dt.datetime(2026, 11, 15, 4, 5, tzinfo=dt.UTC)
NAMESPACE = "kaspiShopping"


def main() -> int:
    """Do the work once."""
    parser = argparse.ArgumentParser(prog="python -m bench.feed_task", description=__doc__)
    parser.add_argument("way", choices=sorted(WAYS))
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    body, plan = (chosen.folder / "base.xml").read_bytes(), json.loads((chosen.folder / "plan.json").read_text())
    work = WAYS[chosen.way]()
    before, began, cpu = peak_mib(), time.perf_counter(), time.process_time()
    composed, steps = work(body, plan)
    report = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "mib": peak_mib() - before,
        **steps,
    }
    (chosen.folder / f"{chosen.way}.xml").write_bytes(composed)
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


Work = Callable[[bytes, dict[str, Any]], tuple[bytes, dict[str, Any]]]


def _ours() -> Work:
    """Read, compose, read back what was written, validate: what restock_sync does between base list and database."""
    from include.kaspi.price_list import Addition, ResaleOffer, compose, read, validate
    from include.kaspi.price_list.validation import schema

    schema()

    def work(body: bytes, plan: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        marks = [time.perf_counter()]
        base = read(body)
        marks.append(time.perf_counter())
        additions = [Addition(*one) for one in plan["additions"]]
        resale = [ResaleOffer(sku, main, ((store, n),), price) for sku, main, store, n, price in plan["resale"]]
        composed = compose(base, additions, resale, NOW)
        marks.append(time.perf_counter())
        again = read(composed, like=base)
        marks.append(time.perf_counter())
        found = validate(again, len(base.offers))
        marks.append(time.perf_counter())
        names = ("read", "compose", "read back", "validate")
        steps: dict[str, Any] = {name: b - a for name, a, b in zip(names, marks, marks[1:], strict=False)}
        errors = sum(one.severity == "error" for one in found)
        return composed, {
            "steps": steps,
            "offers": len(again.offers),
            "errors": errors,
            "warnings": len(found) - errors,
        }

    return work


def _floor() -> Work:
    """Parse and write the same document by lxml, nothing looked at."""
    from lxml import etree

    def work(body: bytes, _: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        return etree.tostring(etree.fromstring(body), xml_declaration=True, encoding="utf-8"), {}

    return work


def _standard_library() -> Work:
    """The same overlay as a script by the standard library would make it: no validation, nothing read back."""
    import xml.etree.ElementTree as ET  # noqa: N817, S405 (our own document)

    def work(body: bytes, plan: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        ET.register_namespace("", NAMESPACE)
        root = ET.fromstring(body)  # noqa: S314
        prefix = f"{{{NAMESPACE}}}"
        shelf = root.find(f"{prefix}offers")
        assert shelf is not None
        by_sku = {offer.get("sku"): offer for offer in shelf.findall(f"{prefix}offer")}
        for sku, store, quantity in plan["additions"]:
            for place in by_sku[sku].iter(f"{prefix}availability"):
                if place.get("storeId") == store:
                    place.set("stockCount", str(int(place.get("stockCount", "0")) + quantity))
                    break
        for sku, main_sku, store, quantity, price in plan["resale"]:
            model = by_sku[main_sku]
            offer = ET.SubElement(shelf, f"{prefix}offer", {"sku": sku})
            for name in ("model", "brand"):
                if (text := model.findtext(f"{prefix}{name}")) is not None:
                    ET.SubElement(offer, f"{prefix}{name}").text = text
            facts = {"available": "yes", "storeId": store, "stockCount": str(quantity)}
            ET.SubElement(ET.SubElement(offer, f"{prefix}availabilities"), f"{prefix}availability", facts)
            ET.SubElement(offer, f"{prefix}price").text = str(price)
        root.set("date", NOW.isoformat(timespec="seconds"))
        return ET.tostring(root, encoding="utf-8", xml_declaration=True), {}

    return work


WAYS: dict[str, Callable[[], Work]] = {"ours": _ours, "floor": _floor, "standard_library": _standard_library}

if __name__ == "__main__":
    sys.exit(main())
