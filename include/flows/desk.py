"""The desk of a warehouse: what its page calls. Everything here has a person and his roles, and the clock's now."""

from include.flows.desk_access import Desk, DeskError, NotAllowed, NotFound, Refused, desk_of, staff_of
from include.flows.desk_look_up import look_up
from include.flows.desk_photos import keep_photo, photo
from include.flows.desk_record import record
from include.flows.desk_views import agreement, checklist, queue, queue_counts, second_looks, unit_page, zones

__all__ = [
    "Desk",
    "DeskError",
    "NotAllowed",
    "NotFound",
    "Refused",
    "agreement",
    "checklist",
    "desk_of",
    "keep_photo",
    "look_up",
    "photo",
    "queue",
    "queue_counts",
    "record",
    "second_looks",
    "staff_of",
    "unit_page",
    "zones",
]
