"""Cut JSON by its brackets alone, without reading it, so that what no reader gets through keeps nothing else back."""

import re
from collections.abc import Iterator

import msgspec

_SIGNIFICANT = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},:]', re.DOTALL)
_OPENS, _CLOSES = b"[{", b"]}"


class NoDocument(ValueError):
    """The body is no JSON document with a list of records."""


def elements(array: bytes) -> list[msgspec.Raw]:
    """Return the elements of an array, uncut."""
    return [msgspec.Raw(one) for one in _values(array)]


def members(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the members of the outermost object: the key with its quotes, the value's bytes."""
    if not body.lstrip().startswith(b"{"):
        raise NoDocument("the body is no JSON object")
    for member in _values(body.strip()):
        key = _SIGNIFICANT.match(member)
        if key is None or not member.startswith(b'"'):
            raise NoDocument("the body is no JSON object")
        yield key.group(), member[key.end() :].lstrip().removeprefix(b":").strip()


def _values(container: bytes) -> Iterator[bytes]:
    """Yield what stands between the commas of an array or object, by counting brackets outside of strings."""
    depth, begin = 0, 1
    for token in _SIGNIFICANT.finditer(container):
        mark = token.group()
        if mark in _OPENS and len(mark) == 1:
            depth += 1
        elif mark in _CLOSES and len(mark) == 1:
            depth -= 1
        ends = depth == 0
        if ends or (depth == 1 and mark == b","):
            value = container[begin : token.start()].strip()
            if value:
                yield value
            begin = token.end()
        if ends:
            return
    raise NoDocument("the body ends before its last bracket")
