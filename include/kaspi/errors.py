"""What can go wrong when talking to Kaspi; each message says what to do."""


class KaspiError(RuntimeError):
    """Kaspi answered something we cannot use."""


class KaspiRefusedToken(KaspiError):
    """401 or 403: the merchant's token is not valid; trying again would not help."""


class KaspiHasNot(KaspiError):
    """404: there is nothing of that id in this shop."""


class KaspiBusy(KaspiError):
    """An answer worth another try: 408, 429, 5xx, an unreadable body (kept in ``body``, it may name anybody)."""

    def __init__(self, message: str, retry_after: float | None = None, body: bytes | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.body = body


class KaspiLate(KaspiBusy):
    """Another try would begin after the caller's time is over: what it was about waits for the next run."""
