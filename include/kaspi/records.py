"""Cut a list of orders into its records without reading them, so that one bad record harms only itself."""

import msgspec

from include.json_pieces import NoDocument, elements, members
from include.kaspi.payloads import Counts, Document, Identified, Key, Single

_decoder = msgspec.json.Decoder(Document)
_single = msgspec.json.Decoder(Single)
_identified = msgspec.json.Decoder(Identified)
_key: msgspec.json.Decoder[str | int] = msgspec.json.Decoder(Key)


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
        return msgspec.Raw(dict(members(body)).get(b'"data"', b"null"))


def legible_id(resource: bytes | msgspec.Raw) -> str | None:
    """Return the id of a resource; None where none is legible, or it is none that can be stored.

    It is legible in what the JSON reader stumbles over elsewhere: that is cut by its brackets alone, as a page is.
    """
    try:
        identity = str(_identified.decode(resource).id)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        try:
            identity = str(_key.decode(dict(members(bytes(resource)))[b'"id"']))
        except (NoDocument, KeyError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
    return identity if "\x00" not in identity else None


def _cut(body: bytes) -> Document:
    parts = dict(members(body))
    try:
        meta = msgspec.json.decode(parts[b'"meta"'], type=Counts) if b'"meta"' in parts else None
    except msgspec.MsgspecError as error:
        raise NoDocument(f"the list's meta cannot be read: {error}") from None
    if not parts.get(b'"data"', b"").startswith(b"["):
        raise NoDocument("the body is no JSON document with a list of records")
    included = parts.get(b'"included"', b"[]")
    return Document(elements(parts[b'"data"']), elements(included) if included.startswith(b"[") else [], meta)
