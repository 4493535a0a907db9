"""Preventive actions: what somebody changes so that less comes back, said before the numbers are known."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from include.domain.reasons import OWNERS, UNKNOWN

KINDS = ("description", "packaging_standard", "supplier_instruction")
SCOPE = ("category", "supplier", "batch", "sku", "city", "carrier")
LONGEST_TEXT = 500
NAMESPACE = uuid.UUID("6f0a3c52-5b0c-5c39-9d3c-0b8a4f4d1e7a")


class BadAction(ValueError):
    """It cannot be registered; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action. Orders from the Almaty day ``starts_on`` on are under it; ``reason`` None: it works against all."""

    merchant_id: str
    kind: str
    scope: Mapping[str, str]
    hypothesis: str
    owner: str
    starts_on: dt.date
    reason: str | None = None

    @property
    def action_id(self) -> uuid.UUID:
        """Return the id: the same action said twice is one."""
        scope = "/".join(f"{name}={self.scope[name]}" for name in sorted(self.scope))
        facts = (self.merchant_id, self.kind, scope, self.reason or "", self.starts_on.isoformat())
        return uuid.uuid5(NAMESPACE, "\n".join(facts))


def checked(action: Action, today: dt.date) -> Action:
    """Return the action with its texts trimmed. Raises :class:`BadAction` where it says too little or nonsense.

    ``today`` is the Almaty day. An action may be registered after its start: that it was is seen from the register.
    """
    scope = {name: value.strip() for name, value in action.scope.items() if value.strip()}
    if action.kind not in KINDS:
        raise BadAction(f"the kind {action.kind!r} is none of {', '.join(KINDS)}")
    if not scope:
        raise BadAction(f"say what it is about: at least one of {', '.join(SCOPE)}")
    strange = sorted(set(scope) - set(SCOPE))
    if strange:
        raise BadAction(f"{', '.join(strange)}: an action is about {', '.join(SCOPE)}")
    if action.reason is not None and (action.reason not in OWNERS or action.reason == UNKNOWN):
        raise BadAction(f"the cause {action.reason!r} is none of {', '.join(sorted(set(OWNERS) - {UNKNOWN}))}")
    texts = {"hypothesis": action.hypothesis.strip(), "owner": action.owner.strip()}
    for name, text in texts.items():
        if not text or len(text) > LONGEST_TEXT:
            raise BadAction(f"the {name} has 1 to {LONGEST_TEXT} letters")
    if action.starts_on > today + dt.timedelta(days=366):
        raise BadAction(f"it starts on {action.starts_on}, more than a year from now")
    return Action(
        action.merchant_id, action.kind, scope, texts["hypothesis"], texts["owner"], action.starts_on, action.reason
    )
