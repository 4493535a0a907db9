"""Photos of units: kept in the database, shown to whoever may see the unit."""

import datetime as dt
import hashlib
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.statements import run
from include.domain.identity import stable_id
from include.domain.staff import Staff
from include.flows import claims
from include.flows.desk_access import NotFound, Refused, must, units_by_id
from include.flows.second_look import waits_for
from include.wms.photos import BadPhoto, clean

MOST_A_UNIT = 20


def keep_photo(
    conn: Connection, staff: Staff, unit_id: UUID, image: bytes, event_id: str | None, now: dt.datetime
) -> dict[str, Any]:
    """Keep a photo of a unit that was taken for an event; return its ``photo_id``. The same picture again is a no-op.

    Raises NotFound for an unknown unit, NotAllowed for another's, Refused (too_large, no_picture, too_many).
    """
    photo_id = stable_id("photo", unit_id, event_id or "", hashlib.sha256(image).hexdigest())
    _must_be_his(conn, staff, unit_id)  # before the picture is unpacked: that costs something
    try:
        photo = clean(image)
    except BadPhoto as bad:
        raise Refused(bad.code, str(bad)) from bad
    with conn.transaction():
        unit = run(conn, "core/photo__of_unit", unit_id=unit_id, photo_id=photo_id).fetchone()
        assert unit is not None
        if unit["photos"] >= MOST_A_UNIT and not unit["known"]:
            raise Refused("too_many", f"the unit has {unit['photos']} photos already, which is the most")
        run(
            conn,
            "core/photo",
            photo_id=photo_id,
            unit_id=unit_id,
            event_id=event_id,
            merchant_id=unit["merchant_id"],
            jpeg=photo.jpeg,
            sha256=photo.sha256,
            width=photo.width,
            height=photo.height,
            taken_at=now,
            actor=staff.user_name,
        )
        claims.refresh(conn, [unit_id], now)  # a claim needs photos: this may be the one that lacked
    return {"photo_id": photo_id}


def photo(conn: Connection, staff: Staff, photo_id: UUID) -> bytes:
    """Return a photo as JPEG. Raises NotFound and NotAllowed; for a second inspector there is none until he looked."""
    row = run(conn, "desk/photo", photo_id=photo_id).fetchone()
    if row is None:
        raise NotFound(f"there is no photo {photo_id}")
    must(staff, "viewer", row["merchant_id"])
    if waits_for(conn, staff, [row]):
        raise NotFound("the photos are shown after the second look")
    return bytes(row["jpeg"])


def _must_be_his(conn: Connection, staff: Staff, unit_id: UUID) -> None:
    unit = units_by_id(conn, [unit_id]).get(unit_id)
    conn.rollback()
    if unit is None:
        raise NotFound(f"there is no unit {unit_id}")
    must(staff, "operator", unit["merchant_id"])
