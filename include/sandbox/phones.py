"""The buyers' phones: a gateway that takes messages by HTTP, keeps them as files, and takes each of them once."""

import html
import json
import re
import threading
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

NAME = re.compile(r"^(\d+)-\d+\.json$")


class Message(BaseModel):
    """What a sender says: to which phone, and what. Whatever else he sends is passed over."""

    phone: str = Field(pattern=r"^\d{11,15}$")
    message: str = Field(min_length=1, max_length=1000)


class Phones:
    """A folder of messages, numbered in the order they came; a key that came before brings no second one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()

    def messages(self) -> list[tuple[int, dict[str, str]]]:
        """Return what came, by number."""
        found = [(NAME.match(path.name), path) for path in self.folder.glob("*.json")]
        return sorted((int(match[1]), json.loads(path.read_text("utf-8"))) for match, path in found if match)

    def keep(self, key: str, message: Message) -> bool:
        """Store a message; return False, storing nothing, for a key that came before."""
        with self._writing:
            known = self.messages()
            if any(one["key"] == key for _, one in known):
                return False
            target = self.folder / f"{len(known) + 1:04d}-{message.phone}.json"
            unfinished = target.with_suffix(".part")
            text = json.dumps({"key": key, **message.model_dump()}, ensure_ascii=False, indent=1)
            unfinished.write_text(text, encoding="utf-8")
            unfinished.rename(target)
            return True


def routes(phones: Phones) -> APIRouter:
    """Return the gateway and the page that shows what the phones show."""
    router = APIRouter(prefix="/phones")

    @router.post("/messages")
    def take(message: Message, idempotency_key: Annotated[str | None, Header()] = None) -> dict[str, bool]:
        if not idempotency_key:
            raise HTTPException(400, "a message needs an Idempotency-Key")
        return {"new": phones.keep(idempotency_key, message)}

    @router.get("", response_class=HTMLResponse)
    def listing() -> str:
        rows = [
            f"<tr><td>{number}</td><td>+{html.escape(one['phone'])}</td><td>{html.escape(one['message'])}</td></tr>"
            for number, one in phones.messages()
        ]
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Phones</title>'
            "<style>body{font:16px sans-serif;margin:2rem}td,th{padding:.3rem 1rem;text-align:left}</style>"
            f"<h1>Phones</h1><table><tr><th>No.<th>Phone<th>Message</tr>{''.join(rows)}</table></html>"
        )

    return router
