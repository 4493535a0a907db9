"""The buyer's name and phone: sealed, in one table, only for merchants that send notices."""

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass

from cryptography.fernet import Fernet

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run
from include.kaspi.privacy import Contact


@dataclass(frozen=True, slots=True)
class Sealer:
    """Encrypts with the installation's key (connection ``privacy_key``)."""

    key: str

    def seal(self, contact: Contact) -> bytes:
        """Return the contact encrypted."""
        return self.seal_bytes(json.dumps(asdict(contact), ensure_ascii=False).encode())

    def seal_bytes(self, body: bytes) -> bytes:
        """Return anything encrypted: a body that could not be read may hold anybody's name."""
        return Fernet(self.key).encrypt(body)

    def open(self, sealed: bytes) -> Contact:
        """Return the contact in clear, for the moment of a notice."""
        return Contact(**json.loads(Fernet(self.key).decrypt(sealed)))


def keep_unreadable(conn: Connection, merchant_id: str, body: bytes, sealer: Sealer, now: dt.datetime) -> str:
    """Keep an unreadable body, sealed, until contacts of its age are erased; return the name it is kept under."""
    name = f"unreadable {hashlib.sha256(body).hexdigest()[:16]}"
    run(conn, "core/stage_contact")
    copy_rows(
        conn,
        "stage_contact",
        ("merchant_id", "order_id", "sealed", "taken_at"),
        [(merchant_id, name, sealer.seal_bytes(body), now)],
    )
    run(conn, "core/contact")
    return name


def keep_contacts(
    conn: Connection, merchant_id: str, contacts: list[tuple[str, Contact]], sealer: Sealer, now: dt.datetime
) -> None:
    """Keep each order's contact from its first read; later payloads only show a masked phone."""
    run(conn, "core/stage_contact")
    copy_rows(
        conn,
        "stage_contact",
        ("merchant_id", "order_id", "sealed", "taken_at"),
        ((merchant_id, order_id, sealer.seal(contact), now) for order_id, contact in dict(contacts).items()),
    )
    run(conn, "core/contact")
