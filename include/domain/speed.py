"""The spans by which it is counted how fast goods come back to be sold."""

from bisect import bisect_right

# Hours; a span reaches from the limit before to the one named. The last span has no end.
LIMITS = (4, 8, 24, 48, 72, 120, 168, 336, 720)
SPANS = len(LIMITS) + 1
OPEN = -1  # the bucket of a unit that is still on its way
MEASURES = ("decided", "sellable")


def bucket(hours: float) -> int:
    """Return the number of the span that a duration falls into; a limit belongs to the span that it begins."""
    return bisect_right(LIMITS, hours)


def bounds(number: int) -> tuple[int, int | None]:
    """Return the hours at which a span begins and ends; None: it has no end."""
    return (LIMITS[number - 1] if number else 0), (LIMITS[number] if number < len(LIMITS) else None)


def reached_by(counts: list[int], everything: int, share: float) -> int | None:
    """Return the span in which ``share`` of ``everything`` was reached; None: it is not reached.

    ``counts`` are the units of each span. Those still open stay in ``everything``: a median of the fast ones only
    would flatter.
    """
    so_far = 0
    for number, count in enumerate(counts):
        so_far += count
        if everything and so_far >= share * everything:
            return number
    return None
