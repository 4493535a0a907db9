"""Where things stand in a list's bytes. What is not changed is copied as it came, byte for byte.

``<`` begins a tag, a comment, a CDATA section or an instruction and stands nowhere else in well-formed XML: so a tag
is found by its text. Whether the document is well-formed is the parser's affair.
"""

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

SKIPPED = rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
ATTRIBUTES = rb"""(?:[^<>"']|"[^"]*"|'[^']*')*"""
OFFER = re.compile(
    SKIPPED + rb"|<(?:[\w.\-]++:)?offer(?=[\s/>])" + ATTRIBUTES + rb">|</(?:[\w.\-]++:)?offer\s*>", re.DOTALL
)
AVAILABILITY = re.compile(SKIPPED + rb"|<(?:[\w.\-]++:)?availability(?=[\s/>])" + ATTRIBUTES + rb">", re.DOTALL)
ROOT = re.compile(
    rb"(?:\s+|" + SKIPPED + rb")*(<(?:[\w.\-]++:)?kaspi_catalog(?=[\s/>])" + ATTRIBUTES + rb">)", re.DOTALL
)
SHELF = re.compile(SKIPPED + rb"|<((?:[\w.\-]++:)?)offers(?=[\s/>])" + ATTRIBUTES + rb">", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spans:
    """Where each offer begins and ends."""

    starts: "array[int]"
    ends: "array[int]"

    def __len__(self) -> int:
        """Return how many offers there are."""
        return len(self.starts)


def offer_spans(body: bytes) -> Spans:
    """Return the offers of a list in order; of nested ones the outer."""
    starts, ends, depth = array("Q"), array("Q"), 0
    for found in OFFER.finditer(body):
        second = body[found.start() + 1]
        if second in b"!?":
            continue
        if second == 0x2F:  # a closing tag
            depth -= 1
            if depth == 0:
                ends.append(found.end())
            continue
        if depth == 0:
            starts.append(found.start())
        if body[found.end() - 2] == 0x2F:  # it closes itself
            if depth == 0:
                ends.append(found.end())
        else:
            depth += 1
    return Spans(starts, ends)


def shelf_prefix(body: bytes) -> str:
    """Return the prefix of the ``offers`` element with its colon, empty where it has none."""
    return next((found[1].decode() for found in SHELF.finditer(body) if found[1] is not None), "")


def root_tag(body: bytes) -> tuple[int, int]:
    """Return where the catalogue's start tag begins and ends. Raises ValueError where it is not found."""
    found = ROOT.match(body)
    if found is None:
        raise ValueError("no kaspi_catalog begins the document")
    return found.span(1)


def availability_tags(offer: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the start tags of ``availability`` lie in an offer's bytes."""
    for found in AVAILABILITY.finditer(offer):
        if offer[found.start() + 1] not in b"!?":
            yield found.span()


def with_attribute(tag: bytes, name: str, value: str | None) -> bytes:
    """Return a start tag with an attribute set, or without it for None."""
    pattern = re.compile(rb"\s+" + name.encode() + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""")
    written = b"" if value is None else f" {name}={quoteattr(value)}".encode()
    found = _outside_values(tag, pattern)
    if found is not None:
        return tag[: found[0]] + written + tag[found[1] :]
    end = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:end].rstrip() + written + tag[end:]


def _outside_values(tag: bytes, pattern: "re.Pattern[bytes]") -> tuple[int, int] | None:
    """Return where an attribute stands that is one, and not the text of another's value."""
    for found in re.finditer(rb"""\s+[^\s=<>"'/]+\s*=\s*(?:"[^"]*"|'[^']*')""", tag):
        if pattern.fullmatch(found[0]):
            return found.span()
    return None
