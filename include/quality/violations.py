"""An expectation for check files: that a query returns nothing. Loads Great Expectations, so only a gate imports it."""

from typing import Any

import great_expectations.expectations as gxe

COUNT = "unexpected_rows_query.row_count"


class ExpectNoViolations(gxe.UnexpectedRowsExpectation):
    """Counts the rows of a query and fetches none of them.

    Its parent runs the query a second time, to show rows that nobody asks for where only success is wanted.
    """

    metric_dependencies = (COUNT,)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        found = metrics[COUNT]
        return {"success": found == 0, "result": {"observed_value": found}}
