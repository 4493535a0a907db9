"""A way to buyers, as a port: whatever it is, it says what became of a message, and repeats no word of it.

Which way is behind it is another module's (include/notify/apprise_channel.py); the flows know only this.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol

from include.notify.letters import Letter
from include.notify.outbox import Sending

COUNTRY_CODE = "7"
NATIONAL_DIGITS = 10


class ChannelError(ValueError):
    """A channel's connection cannot be used; the message says what is wrong with it, and tells no secret."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a buyer can be reached. Kaspi gives the phone; the rest only a merchant can know."""

    phone: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    telegram: str | None = field(default=None, repr=False)

    def names(self, key: str) -> dict[str, str]:
        """Return what the placeholders of a channel's address stand for; a message's key among them."""
        known = {"phone": international(self.phone), "email": self.email, "telegram": self.telegram, "key": key}
        return {name: value for name, value in known.items() if value}


class Channel(Protocol):
    """A way to buyers. Its properties are the connection's; see docs/notices.md."""

    @property
    def deduplicates(self) -> bool:
        """Whether the gateway removes a message whose key it had before: only then one is repeated in doubt."""
        ...

    @property
    def keeps_quiet_hours(self) -> bool:
        """Whether it wakes people."""
        ...

    @property
    def per_minute(self) -> float:
        """Return how many messages it may take."""
        ...

    def deliver(self, key: str, address: Address, letter: Letter, now: dt.datetime) -> Sending:
        """Send one message and say what became of it: sent, queued (surely not sent), dead or unknown."""
        ...


def international(phone: str) -> str:
    """Return a phone as digits with the country's code; Kaspi leaves it out."""
    digits = "".join(one for one in phone if one.isdigit())
    return COUNTRY_CODE + digits if len(digits) == NATIONAL_DIGITS else digits
