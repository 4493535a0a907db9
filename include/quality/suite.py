"""What a gate checks. Importing this loads nothing heavy; Great Expectations comes in inside the gate."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["row", "batch", "warning"]


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """A Great Expectations expectation on one view of the staged batch.

    ``key`` names the column that identifies a row (beside merchant_id); a failed *row* check puts the rows
    with that key aside, a failed *batch* check holds the merchant's part, a *warning* is only reported.
    """

    name: str
    subject: str
    expectation: str
    arguments: dict[str, Any]
    key: str
    severity: Severity = "row"


@dataclass(frozen=True, slots=True)
class SqlCheck:
    """The file ``sql/checks/<name>.sql``; each row it returns (merchant_id, record_key, detail) is a violation."""

    name: str
    severity: Severity = "batch"


@dataclass(frozen=True, slots=True)
class Suite:
    """A gate's checks. ``drop`` are the statements that take rows out of the batch, or say whence they came.

    ``known_values`` are the lists of values that are known, by parameter of ``ops/drift__unknown_values``: what is in
    none of them harms nobody and waits on the quality page until a person has acknowledged it.
    """

    name: str
    checks: tuple[ColumnCheck | SqlCheck, ...]
    drop: tuple[str, ...] = ()
    known_values: Mapping[str, Collection[str]] = field(default_factory=dict)
