"""Check the statistics against worlds whose truth is known: ``python -m tools.scorecard [--worlds 1000]``.

``--only N`` makes the N-th chunk of fifty worlds and nothing else: counts are kept, so a run can be made in pieces.
With all of them there the page is printed, and written to docs/methods/scorecard.md for the full number of worlds.
Exit code 1 where a promise does not hold.
"""

import argparse
import sys
from collections.abc import Sequence

from tools.scorecard.chunks import CHUNK, FULL, ROOT, counts
from tools.scorecard.page import written


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.scorecard", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=FULL, help=f"a multiple of {CHUNK}")
    parser.add_argument("--only", type=int, help="make this chunk only, counted from 0")
    asked = parser.parse_args(arguments)
    if asked.worlds < CHUNK or asked.worlds % CHUNK:
        parser.error(f"--worlds is a multiple of {CHUNK}")
    if asked.only is not None:
        counts(asked.only * CHUNK)
        return 0
    chunks = [counts(first) for first in range(0, asked.worlds, CHUNK)]
    page, broken = written(chunks, asked.worlds)
    if asked.worlds == FULL:
        (ROOT / "docs" / "methods" / "scorecard.md").write_text(page, encoding="utf-8")
    print(page)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
