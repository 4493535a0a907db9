"""A mail's bytes as somebody reads them outside of a mail client: its text, its page, its attachment."""

import base64
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

CID = re.compile(r'src="cid:([^"]+)"')


@dataclass(frozen=True, slots=True)
class Opened:
    """The parts of a mail. The page's pictures are in it, so that it asks nobody for anything."""

    text: str
    page: str
    attachment: tuple[str, str, bytes] | None  # name, content type, bytes


def opened(body: bytes) -> Opened:
    """Return the parts of a mail of ours."""
    message = message_from_bytes(body, policy=default)
    assert isinstance(message, EmailMessage)
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    pictures = {
        str(part["Content-ID"]).strip("<>"): part.get_content()
        for part in message.walk()
        if part.get_content_type() == "image/png" and part["Content-ID"]
    }
    attached = next((part for part in message.iter_attachments() if not part["Content-ID"]), None)
    return Opened(
        text.get_content() if text else "",
        CID.sub(lambda found: _inline(pictures.get(found[1], b"")), page.get_content() if page else ""),
        (attached.get_filename() or "attachment", attached.get_content_type(), attached.get_content())
        if attached
        else None,
    )


def _inline(png: bytes) -> str:
    return f'src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}"'
