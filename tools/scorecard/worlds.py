"""The sandbox's frames as the functions of the weekly flow read them, as of a Monday."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.analytics.history import DIMENSIONS, History
from include.domain.causes import decide_cause
from include.sandbox.frames import CAUSES, FINDINGS, Frame

TABLE = np.array(
    [
        [CAUSES.index(decide_cause(said, None if seen == "not_inspected" else seen)[0]) for seen in FINDINGS]
        for said in CAUSES
    ]
)
NAMES = {"merchant_id": "merchant", **{name: name for name in DIMENSIONS}}


def decided(world: Frame) -> npt.NDArray[np.int64]:
    """Return the cause that the pipeline decides for each line that comes back, as a code of CAUSES."""
    return np.asarray(TABLE[world.stated, world.finding])


@dataclass(frozen=True)
class Weekly:
    """A frame with the weeks that the pipeline would know; what ``history`` shows depends on the Monday asked for."""

    world: Frame
    cohort: npt.NDArray[np.int64]
    known_week: npt.NDArray[np.float64]
    cause: npt.NDArray[np.int64]

    @classmethod
    def of(cls, world: Frame) -> "Weekly":
        """Return the frame with its weeks."""
        return cls(world, (world.ordered // 7).astype(np.int64), np.floor(world.inspected / 7), decided(world))

    def history(self, monday: int) -> History:
        """Return what is known on the Monday of week ``monday``."""
        world, day = self.world, 7.0 * monday
        shown = (self.cohort < monday) & (world.cancelled > day)
        back = (self.cohort < monday) & world.returned & (self.known_week < monday)
        return History(
            names={ours: world.names[theirs] for ours, theirs in NAMES.items()} | {"cause": CAUSES},
            sold={ours: world.codes[theirs][shown] for ours, theirs in NAMES.items()},
            sold_age=monday - self.cohort[shown],
            sold_lines=np.ones(shown.sum(), dtype=np.int64),
            back={ours: world.codes[theirs][back] for ours, theirs in NAMES.items()} | {"cause": self.cause[back]},
            back_age=monday - self.cohort[back],
            back_delay=(self.known_week[back] - self.cohort[back]).astype(np.int64),
            back_lines=np.ones(back.sum(), dtype=np.int64),
        )
