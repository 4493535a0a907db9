"""The buyer's name and phone: sealed, in one table, only for merchants that send notices."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from cryptography.fernet import Fernet, InvalidToken

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

    def open_bytes(self, sealed: bytes) -> bytes:
        """Return a body in clear. Raises ValueError where it was sealed with another key."""
        try:
            return Fernet(self.key).decrypt(sealed)
        except InvalidToken:
            raise ValueError(
                "what is kept of it cannot be opened: privacy_key was changed. Put the old one back"
            ) from None


def keep_unreadable(conn: Connection, merchant_id: str, body: bytes, sealer: Sealer, now: dt.datetime) -> str:
    """Keep an unreadable body, sealed, until contacts of its age are erased; return the name it is kept under."""
    name = f"unreadable {hashlib.sha256(body).hexdigest()[:16]}"
    _stage(conn, [(merchant_id, name, sealer.seal_bytes(body), now)])
    run(conn, "core/contact")
    return name


def keep_bodies(conn: Connection, bodies: Mapping[tuple[str, str], bytes], sealer: Sealer, now: dt.datetime) -> None:
    """Keep records that could not be used as they came, sealed, by merchant and name; the newest of a name is kept."""
    if bodies:
        _stage(conn, ((*whose, sealer.seal_bytes(body), now) for whose, body in bodies.items()))
        run(conn, "core/contact__body")


def keep_contacts(
    conn: Connection, merchant_id: str, contacts: list[tuple[str, Contact]], sealer: Sealer, now: dt.datetime
) -> None:
    """Keep each order's contact from its first read; later payloads only show a masked phone."""
    _stage(conn, ((merchant_id, order_id, sealer.seal(contact), now) for order_id, contact in dict(contacts).items()))
    run(conn, "core/contact")


def learn(
    conn: Connection, merchant_id: str, told: Mapping[str, Mapping[str, str]], sealer: Sealer, now: dt.datetime
) -> list[str]:
    """Keep what a merchant tells of his buyers and Kaspi does not: email, telegram, language, by the order's number.

    What is not told stays. Returns the numbers that name no order of his. Raises ValueError for a merchant that sends
    no notices: then nobody's address is kept.
    """
    with conn.transaction():
        merchant = run(conn, "core/merchant__one", merchant_id=merchant_id).fetchone()
        if merchant is None or not merchant["notices"]:
            raise ValueError(f"{merchant_id} sends no notices: switch them on before addresses are kept")
        orders = run(conn, "core/contact__of_codes", merchant_id=merchant_id, codes=sorted(told)).fetchall()
        _stage(
            conn,
            (
                (
                    merchant_id, row["order_id"],
                    sealer.seal(replace(_known(row["sealed"], sealer), **told[row["code"]])),
                    row["taken_at"] or now,
                )
                for row in orders
            ),
        )  # fmt: skip
        run(conn, "core/contact__told")
    return sorted(set(told) - {row["code"] for row in orders})


def _stage(conn: Connection, rows: Iterable[tuple[str, str, bytes, dt.datetime]]) -> None:
    run(conn, "core/stage_contact")
    copy_rows(conn, "stage_contact", ("merchant_id", "order_id", "sealed", "taken_at"), rows)


def _known(sealed: bytes | None, sealer: Sealer) -> Contact:
    return sealer.open(bytes(sealed)) if sealed else Contact("", "")
