"""What every page of the console has in common: where data and clock come from, who looks, how a page is drawn."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from include.clock import Clock
from include.console.guard import Tokens
from include.db.connection import Connection, connect
from include.db.statements import run
from include.locale.words import LANGUAGES, Words, words

FOLDER = Path(__file__).resolve().parent
MOST_CHOSEN = 500  # records of one decision


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Site:
    """The console's surroundings. The providers are asked at each request: a changed connection needs no restart."""

    dsn: Callable[[], str]
    clock: Callable[[], Clock]
    may_write: Callable[[Request, Any], bool]
    tokens: Tokens
    pages: jinja2.Environment = field(default_factory=_environment)

    @contextmanager
    def warehouse(self, *, reading: bool = True) -> Iterator[Connection]:
        """Open the warehouse; for ``reading`` the database itself refuses every change."""
        with connect(self.dsn(), application="qaitarym console") as conn:
            conn.read_only = reading
            yield conn

    def now(self) -> dt.datetime:
        """Return the business time."""
        return self.clock().now()

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
        """Draw a page. ``content`` may name the ``merchant`` shown and the ``merchants`` there are."""
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
            "now": None,
            "kept": {},
        }
        text = self.pages.get_template(template).render({**common, **content})
        return HTMLResponse(text, status_code=status_code)

    def can_write(self, request: Request) -> bool:
        """Tell whether who looks may change anything; only then buttons are shown."""
        return self.may_write(request, request.state.console_user)


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
