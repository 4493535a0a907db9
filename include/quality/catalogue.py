"""The suites of all gates by flow. Loads nothing heavy."""

from collections.abc import Mapping

from include.quality.suite import Suite
from include.quality.suites import (
    housekeeping,
    kaspi_returns_ingest,
    restock_reconcile_daily,
    restock_sync,
    return_causes_weekly,
    warehouse_receipts_reconcile,
)

SUITES: Mapping[str, Suite] = {
    suite.name: suite
    for suite in (
        kaspi_returns_ingest.SUITE,
        warehouse_receipts_reconcile.SUITE,
        restock_sync.SUITE,
        restock_reconcile_daily.SUITE,
        return_causes_weekly.SUITE,
        housekeeping.SUITE,
    )
}
