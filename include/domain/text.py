"""What text can be kept."""

from typing import Any


def storable(value: Any) -> bool:
    """Tell whether PostgreSQL can keep a value: no NUL, no half of a surrogate pair, in any text of it."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(storable(name) and storable(one) for name, one in value.items())
    return not isinstance(value, list) or all(storable(one) for one in value)
