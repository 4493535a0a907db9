"""The desk of a warehouse: what its page calls. Everything here has a person and his roles, and the clock's now."""

from include.flows.desk_access import Desk, DeskError, NotAllowed, NotFound, Refused, desk_of, staff_of
from include.flows.desk_look_up import look_up
from include.flows.desk_record import record

__all__ = [
    "Desk",
    "DeskError",
    "NotAllowed",
    "NotFound",
    "Refused",
    "desk_of",
    "look_up",
    "record",
    "staff_of",
]
