"""Cut a list of orders into its records without reading them, so that one bad record harms only itself."""

import re
from collections.abc import Iterator

import msgspec

from include.kaspi.payloads import Counts, Document, Single

_decoder = msgspec.json.Decoder(Document)
_single = msgspec.json.Decoder(Single)
_SIGNIFICANT = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},:]', re.DOTALL)
_OPENS, _CLOSES = b"[{", b"]}"


class NoDocument(ValueError):
    """The body is no JSON document with a list of records."""


def document_of(body: bytes) -> Document:
    """Return the document of a body, its records uncut bytes. Raises NoDocument.

    A record that the JSON reader stumbles over (nested too deep, half a surrogate pair, a control character) makes it
    refuse the whole page; then the page is cut by its brackets alone, and that record fails when it is read itself.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return _cut(body)


def single_of(body: bytes) -> msgspec.Raw:
    """Return the one record of a body, uncut: ``null`` where it has none. Raises NoDocument."""
    try:
        return _single.decode(body).data
    except (msgspec.MsgspecError, RecursionError):
        return msgspec.Raw(dict(_members(body)).get(b'"data"', b"null"))


def _cut(body: bytes) -> Document:
    parts = dict(_members(body))
    try:
        meta = msgspec.json.decode(parts[b'"meta"'], type=Counts) if b'"meta"' in parts else None
    except msgspec.MsgspecError as error:
        raise NoDocument(f"the list's meta cannot be read: {error}") from None
    if not parts.get(b'"data"', b"").startswith(b"["):
        raise NoDocument("the body is no JSON document with a list of records")
    included = parts.get(b'"included"', b"[]")
    return Document(_elements(parts[b'"data"']), _elements(included) if included.startswith(b"[") else [], meta)


def _elements(array: bytes) -> list[msgspec.Raw]:
    return [msgspec.Raw(one) for one in _values(array)]


def _members(body: bytes) -> Iterator[tuple[bytes, bytes]]:
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
