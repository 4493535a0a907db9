"""The mailbox: takes every mail by SMTP, keeps it as a file, shows it in a browser."""

import base64
import email
import email.policy
import html
import re
import socket
from collections.abc import Awaitable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

HOST = "127.0.0.1"
NAME = re.compile(r"^(\d+)-.*\.eml$")


class Mailbox:
    """A folder of mails, numbered in the order they came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._last = max((number for number, _ in self.mails()), default=0)

    def mails(self) -> list[tuple[int, Path]]:
        """Return the mails by number."""
        found = [(NAME.match(path.name), path) for path in self.folder.glob("*.eml")]
        return sorted((int(match[1]), path) for match, path in found if match)

    def keep(self, content: bytes, recipient: str) -> Path:
        """Store one mail for one recipient."""
        self._last += 1
        safe = re.sub(r"[^A-Za-z0-9@._-]", "_", recipient)
        target = self.folder / f"{self._last:04d}-{safe}.eml"
        unfinished = target.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.rename(target)
        return target

    def read(self, number: int) -> EmailMessage | None:
        """Return a mail by its number."""
        path = dict(self.mails()).get(number)
        if path is None:
            return None
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail (called by the SMTP server)."""
        content = envelope.content or b""
        for recipient in envelope.rcpt_tos:
            self.keep(content if isinstance(content, bytes) else content.encode(), recipient)
        return "250 OK"


class _Listening(Controller):
    """Serves on a socket that listens already: nobody can take a free port between choosing and using it."""

    def __init__(self, mailbox: Mailbox, listener: socket.socket) -> None:
        super().__init__(mailbox, hostname=HOST, port=listener.getsockname()[1])
        self._listener = listener

    def _create_server(self) -> Awaitable[Any]:
        server: Awaitable[Any] = self.loop.create_server(self._factory_invoker, sock=self._listener)
        return server


def serve_smtp(mailbox: Mailbox, port: int) -> Controller:
    """Start taking mails on the loopback port, 0 for a free one; the caller stops the controller."""
    controller = _Listening(mailbox, socket.create_server((HOST, port)))
    controller.start()
    return controller


def html_with_images(message: EmailMessage) -> str | None:
    """Return the mail's HTML with its inline images put into it, or None if it has no HTML part."""
    part = message.get_body(("html",))
    if part is None:
        return None
    text = str(part.get_content())
    for piece in message.walk():
        cid = piece.get("Content-ID")
        if cid and piece.get_content_maintype() == "image":
            data = base64.b64encode(_payload(piece)).decode()
            text = text.replace(f"cid:{cid.strip('<>')}", f"data:{piece.get_content_type()};base64,{data}")
    return text


def _payload(piece: Any) -> bytes:
    return bytes(piece.get_payload(decode=True) or b"")


def routes(mailbox: Mailbox) -> APIRouter:
    """Return the mailbox's pages."""
    router = APIRouter(prefix="/mailbox")

    @router.get("", response_class=HTMLResponse)
    def listing() -> str:
        rows = []
        for number, _ in mailbox.mails():
            mail = mailbox.read(number)
            if mail is not None:
                cells = [html.escape(str(mail.get(name, ""))) for name in ("To", "Subject", "Date")]
                rows.append(
                    f'<tr><td><a href="/mailbox/{number}">{number}</a></td><td>{"</td><td>".join(cells)}</td></tr>'
                )
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mailbox</title>'
            "<style>body{font:16px sans-serif;margin:2rem}td,th{padding:.3rem 1rem;text-align:left}</style>"
            f"<h1>Mailbox</h1><table><tr><th>No.<th>To<th>Subject<th>Date</tr>{''.join(rows)}</table></html>"
        )

    @router.get("/{number}")
    def mail(number: int, part: str = "html") -> Response:
        message = mailbox.read(number)
        if message is None:
            return PlainTextResponse(f"there is no mail {number}", 404)
        page = html_with_images(message) if part != "text" else None
        if page is not None:
            return HTMLResponse(page)
        text = message.get_body(("plain",))
        return PlainTextResponse(str(text.get_content()) if text else "")

    return router
