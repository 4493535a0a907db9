"""The task that asks a person about an abnormal price list. Imported at every parse: nothing heavy up here."""

import datetime as dt
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowSkipException

APPROVE, REJECT = "Approve", "Reject"
LONGEST = dt.timedelta(days=7)  # the setting list_approval_hours says how long it really is


class ListApproval(HITLOperator):
    """Waits for a person's word on the version that the run's parameters name; skipped where they name none.

    While it waits it holds no lease, no connection and no worker. Nobody's word in time is a rejection.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            subject="A price list looks wrong",
            options=[APPROVE, REJECT],
            defaults=REJECT,
            response_timeout=LONGEST,
            **kwargs,
        )

    def execute(self, context: Any) -> Any:
        """Read the question, then park."""
        from include.airflow_context import clock, list_in_question, warehouse_dsn
        from include.flows.list_guard import ask
        from include.locale.words import words
        from include.reports.list_question import body, subject

        named = list_in_question()
        if named is None:
            raise AirflowSkipException("this run was not asked to let a version of a price list through")
        question = ask(warehouse_dsn(), *named, clock().now())
        if question is None:
            raise AirflowSkipException(f"version {named[1]} of {named[0]} does not wait for an answer any more")
        language = words(question.language)
        self.subject = subject(language, question.merchant, question.version)
        self.body = body(
            language, question.abnormal, question.diff, question.composed_at, question.hours, APPROVE, REJECT
        )
        self.response_timeout = dt.timedelta(hours=question.hours)
        return super().execute(context)
