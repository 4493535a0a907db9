"""A Subject that arrives as it was written, whatever its letters and its length.

The standard library folds long headers between encoded words and may lose the space at a fold: two words of the
subject then arrive as one. Here every space is inside an encoded word (RFC 2047), so a fold cannot touch it.
"""

import base64
from email.policy import Policy

# "Subject: " and an encoded word of so many bytes fit into the 76 characters that a line with one may have.
BYTES_IN_A_WORD = 39


class Subject(str):
    """The header's text. ``name`` and ``fold`` make the email package fold it by us: it asks a header for both."""

    __slots__ = ()
    name = "Subject"

    def fold(self, *, policy: Policy) -> str:
        """Return the header's lines, each an encoded word of whole characters, ended as the policy ends lines."""
        words = [f"=?utf-8?b?{base64.b64encode(piece).decode('ascii')}?=" for piece in _pieces(self)]
        return f"{self.name}: {f'{policy.linesep} '.join(words)}{policy.linesep}"


def _pieces(text: str) -> list[bytes]:
    """Cut a text into UTF-8 pieces for one encoded word each, never inside a character."""
    pieces = [b""]
    for letter in text:
        encoded = letter.encode()
        if len(pieces[-1]) + len(encoded) > BYTES_IN_A_WORD:
            pieces.append(b"")
        pieces[-1] += encoded
    return pieces
