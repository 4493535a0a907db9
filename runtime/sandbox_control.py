"""The control calls of the sandbox world that the demonstration makes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import requests


class SandboxRefusedError(RuntimeError):
    """The sandbox answered a control call with an error."""


class SandboxControl:
    """One method a call; times are aware datetimes."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the user's must not see loopback calls

    def _call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        answer = self._session.request(method, f"{self.base_url}{path}", timeout=120, **arguments)
        if not answer.ok:
            raise SandboxRefusedError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def is_up(self) -> bool:
        """Whether the sandbox answers."""
        try:
            return self._session.get(f"{self.base_url}/control/clock", timeout=5).ok
        except requests.RequestException:
            return False

    def now(self) -> datetime:
        """The sandbox's time."""
        return datetime.fromisoformat(self._call("GET", "/control/clock").json()["now"])

    def world(self) -> dict[str, Any]:
        """Merchants, warehouse sources, times of the story."""
        found: dict[str, Any] = self._call("GET", "/control/world").json()
        return found

    def truth(self) -> dict[str, Any]:
        """Both parts of the truth as of the sandbox's time."""
        found: dict[str, Any] = self._call("GET", "/control/truth").json()
        return found

    def buyers(self) -> list[dict[str, str]]:
        """First name, last name and phone of everybody who has bought so far."""
        found: list[dict[str, str]] = self._call("GET", "/control/buyers").json()
        return found

    def catalogue(self, merchant_id: str) -> str:
        """A merchant's catalogue file, CSV."""
        answer = self._call("GET", f"/files/{merchant_id}/catalogue.csv")
        return answer.content.decode("utf-8")

    def applications(self, merchant_id: str, *, kind: str = "csv", steps: str = "last") -> bytes:
        """A merchant's file of applications as exported now: ``kind`` csv or xlsx, ``steps`` last or all."""
        return self._call("GET", f"/files/{merchant_id}/applications.{kind}", params={"steps": steps}).content

    def manners(self) -> dict[str, Any]:
        """The Shop API's bad manners in force, what was done of them, and how fast the Shop API was called."""
        found: dict[str, Any] = self._call("GET", "/control/manners").json()
        return found

    def misbehave(self, rates: dict[str, float], **settings: Any) -> dict[str, Any]:
        """Set the bad manners: shares by name; ``slow_seconds``, ``hang``. No rates: good manners again."""
        found: dict[str, Any] = self._call("PUT", "/control/manners", json={"rates": rates, **settings}).json()
        return found

    def forget_calls(self) -> None:
        """Count the calls of the Shop API, and draw its manners, from the beginning again."""
        self._call("POST", "/control/manners/reset")

    def register_feed(self, merchant_id: str, url: str) -> None:
        """Tell the buyer where a merchant's price list is."""
        self._call("PUT", "/control/feed", json={"merchant_id": merchant_id, "url": url})

    def advance(self, to: datetime) -> dict[str, Any]:
        """Move the clock forward; a time already reached is a no-op."""
        if self.now() >= to:
            return {"pulls": 0, "orders_placed": 0}
        found: dict[str, Any] = self._call("POST", "/control/advance", json={"to": to.isoformat()}).json()
        return found
