"""What every page of the console has in common: where data and clock come from, who looks, how a page is drawn."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import jinja2
from fastapi import Request, status
from fastapi.responses import HTMLResponse, RedirectResponse
from psycopg import IsolationLevel
from starlette.datastructures import FormData

from include.clock import Clock
from include.console.guard import Refused, Tokens
from include.db.connection import Connection
from include.db.pool import Pools
from include.db.statements import run
from include.domain.staff import EVERY_MERCHANT, Role, Staff
from include.flows.contacts import Sealer
from include.flows.desk import staff_of
from include.locale.words import LANGUAGES, Words, words

FOLDER = Path(__file__).resolve().parent
MOST_CHOSEN = 500  # records of one decision
CONNECTIONS = Pools("qaitarym console", size=8)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class View:
    """Whose rows somebody is shown: one merchant's; the whole house's only to who has a role for every merchant.

    ``merchants`` are those he may see; ``merchant_id`` None is the house.
    """

    staff: Staff
    merchants: list[dict[str, Any]]
    merchant_id: str | None

    @property
    def house(self) -> bool:
        """Tell whether he may see what belongs to no merchant, or to all."""
        return self.staff.may("viewer", EVERY_MERCHANT)

    def may(self, role: Role) -> bool:
        """Tell whether he may do what needs ``role`` with all that he is shown."""
        return self.staff.may(role, self.merchant_id or EVERY_MERCHANT)

    @property
    def whose(self) -> list[str]:
        """Return the merchants whose rows are shown."""
        return [self.merchant_id] if self.merchant_id else [row["merchant_id"] for row in self.merchants]

    @property
    def content(self) -> dict[str, Any]:
        """Return what every page is told of it."""
        return {"merchant": self.merchant_id, "merchants": self.merchants, "house": self.house}


@dataclass(frozen=True, slots=True)
class Site:
    """The console's surroundings. The providers are asked at each request: a changed connection needs no restart."""

    dsn: Callable[[], str]
    clock: Callable[[], Clock]
    tokens: Tokens
    qc_passed: Callable[[], None] = lambda: None  # tells whoever puts goods on sale that some have passed QC
    sealer: Callable[[], Sealer] | None = None  # seals what is put aside; without it nothing of it is kept
    pages: jinja2.Environment = field(default_factory=_environment)

    @contextmanager
    def warehouse(self, *, reading: bool = True) -> Iterator[Connection]:
        """Open the warehouse; for ``reading`` the database itself refuses every change, and all is of one moment."""
        with CONNECTIONS.of(self.dsn()).connection() as conn:
            conn.read_only = reading
            conn.isolation_level = IsolationLevel.REPEATABLE_READ if reading else None
            yield conn

    def now(self) -> dt.datetime:
        """Return the business time."""
        return self.clock().now()

    def staff(self, conn: Connection, request: Request) -> Staff:
        """Return who asks with his roles: Airflow says who he is, the warehouse what he may see and do."""
        return staff_of(conn, actor_of(request))

    def view(self, conn: Connection, request: Request, merchant_id: str | None) -> View:
        """Return what he may be shown of what he asks for: one merchant, or without one as much as he may see at once.

        Raises :class:`Refused` for a merchant that is not his, and for somebody without any role.
        """
        staff = self.staff(conn, request)
        merchants = [row for row in merchants_of(conn) if staff.may("viewer", row["merchant_id"])]
        if merchant_id and not staff.may("viewer", merchant_id):
            raise Refused(status.HTTP_404_NOT_FOUND, "no_merchant")
        if not merchant_id and not staff.may("viewer", EVERY_MERCHANT):
            if not merchants:
                raise Refused(status.HTTP_403_FORBIDDEN, "no_role")
            merchant_id = merchants[0]["merchant_id"]
        return View(staff, merchants, merchant_id or None)

    def may_work(self, request: Request) -> bool:
        """Tell whether he has any role that lets him change something."""
        with self.warehouse() as conn:
            staff = self.staff(conn, request)
        return any(staff.may("operator", merchant_id) for merchant_id in staff.roles)

    def page(
        self,
        request: Request,
        template: str,
        language: Words,
        content: dict[str, Any],
        *,
        section: str = "",
        status_code: int = 200,
    ) -> HTMLResponse:
        """Draw a page. ``content`` may name the ``merchant`` shown, the ``merchants`` there are and ``house``: whether
        all of them may be shown at once.
        """
        user = getattr(request.state, "console_user", None)
        common = {
            "words": language,
            "_": language._,
            "n_": language.n_,
            "languages": LANGUAGES,
            "up": up(request),
            "section": section,
            "token": self.tokens.make(user) if user is not None else "",
            "merchant": None,
            "merchants": [],
            "house": True,
            "now": None,
            "kept": {},
        }
        text = self.pages.get_template(template).render({**common, **content})
        return HTMLResponse(text, status_code=status_code)


def his(staff: Staff, role: Role, rows: list[dict[str, Any]], name: str) -> list[Any]:
    """Return the column ``name`` of those rows whose ``merchant_id`` lets him do what needs ``role``.

    Raises :class:`Refused` where there are rows and none is his to decide.
    """
    allowed = [row[name] for row in rows if staff.may(role, row["merchant_id"])]
    if rows and not allowed:
        raise Refused(status.HTTP_403_FORBIDDEN, "not_supervisor")
    return allowed


def actor_of(request: Request) -> str:
    """Return the name of who is logged in."""
    return str(request.state.console_user.get_name())


def path_of(request: Request) -> str:
    """Return the path within the console, whatever it is mounted under."""
    return str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))


def up(request: Request) -> str:
    """Return the way from this page to the console's root: pages link relatively, whatever they are mounted under."""
    return "../" * max(path_of(request).count("/") - 1, 0)


def back(request: Request, page: str, **query: Any) -> RedirectResponse:
    """Return to a page after a change, so that a reload does not repeat it."""
    told = urlencode({name: value for name, value in query.items() if value not in (None, "")})
    return RedirectResponse(f"{up(request)}{page}{'?' + told if told else ''}", status_code=303)


def form_of(request: Request) -> FormData:
    """Return the form of a changing request, read and judged by the guard."""
    form = request.state.form
    assert isinstance(form, FormData)
    return form


def text_of_form(form: FormData, name: str, *, most: int = 200) -> str:
    """Return a field of a form as text; a file in its place is no text."""
    value = form.get(name)
    return value.strip()[:most] if isinstance(value, str) else ""


def id_of_form(form: FormData) -> UUID:
    """Return what makes a form that is sent twice one deed; raise :class:`Refused` where it says none."""
    try:
        return UUID(text_of_form(form, "form"))
    except ValueError:
        raise Refused(status.HTTP_400_BAD_REQUEST, "broken_form") from None


def numbers_of(form: FormData, name: str) -> list[int]:
    """Return the numbers that were chosen; whatever is no number of a row is passed over."""
    chosen = {value for value in form.getlist(name)[:MOST_CHOSEN] if isinstance(value, str)}
    return sorted(int(value) for value in chosen if value.isascii() and value.isdigit() and len(value) < 19)


def merchants_of(conn: Connection) -> list[dict[str, Any]]:
    """Return the merchants there are."""
    return run(conn, "report/merchants").fetchall()


def language_of(request: Request) -> Words:
    """Return the language that a page or a form asks for."""
    asked = request.query_params.get("lang")
    form = getattr(request.state, "form", None)
    return words(asked or (text_of_form(form, "lang", most=5) if form is not None else None))
