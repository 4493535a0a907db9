"""The desk: the page, and what its scripts ask and tell. Every answer is for this very person."""

import datetime as dt
import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import APIRouter, FastAPI, Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from include.console import desk_files
from include.console.desk_papers import command_sections, label_of
from include.console.desk_setup import setup
from include.console.guard import Refused
from include.console.site import Site, actor_of, language_of, up
from include.domain.staff import Role
from include.domain.text import storable
from include.flows import costs, desk
from include.flows import staff as staff_roles
from include.locale.desk_labels import REFUSALS
from include.locale.labels import label
from include.reports.labels import label_pdf, sheet_pdf

log = logging.getLogger(__name__)
MESSAGE_BYTES = 256 * 1024
PHOTO_BYTES = 8 * 1024 * 1024
LIMITS: Mapping[str, Mapping[str, int]] = {
    "/desk/api/events": {"application/json": MESSAGE_BYTES},
    "/desk/api/photos": {"image/jpeg": PHOTO_BYTES},
    "/desk/api/staff": {"application/json": MESSAGE_BYTES},
}
MOST_EVENTS = 25
Warehouse = Annotated[str, Query(max_length=100)]
Measure = Annotated[Literal["grade", "finding", "route", "signs_of_use"], Query()]


def desk_routes(site: Site) -> APIRouter:
    """Return the page with its worker, and what the page asks."""
    router = APIRouter(prefix="/desk")
    _page(router, site)
    _questions(router, site)
    _people(router, site)
    _messages(router, site)
    _papers(router, site)
    return router


def _page(router: APIRouter, site: Site) -> None:
    @router.get("")
    def without_slash() -> RedirectResponse:
        return RedirectResponse("desk/", status_code=status.HTTP_308_PERMANENT_REDIRECT)

    @router.get("/", response_class=HTMLResponse)
    def page(
        request: Request,
        lang: Annotated[str | None, Query(max_length=5)] = None,  # noqa: ARG001 (site reads it; here it is bounded)
    ) -> HTMLResponse:
        return site.page(request, "desk.html", language_of(request), {})

    @router.get("/sw.js")
    def worker() -> Response:
        text = site.pages.get_template("desk_sw.js").render(desk_files.worker_facts())
        return Response(text, media_type="text/javascript")


def _questions(router: APIRouter, site: Site) -> None:
    @router.get("/api/setup")
    def about(request: Request, warehouse: Annotated[str | None, Query(max_length=100)] = None) -> Response:
        with site.warehouse() as conn:
            staff = site.staff(conn, request)
            return answer(setup(conn, staff, warehouse or None, language_of(request), site.now(), up(request)))

    @router.get("/api/look")
    def look(
        request: Request, code: Annotated[str, Query(min_length=1, max_length=100)], warehouse: Warehouse
    ) -> Response:
        with site.warehouse() as conn:
            return answer(desk.look_up(conn, site.staff(conn, request), code, warehouse, site.now()))

    @router.get("/api/queue")
    def queue(
        request: Request, warehouse: Warehouse, step: Annotated[str | None, Query(max_length=40)] = None
    ) -> Response:
        with site.warehouse() as conn:
            staff = site.staff(conn, request)
            if step:
                return answer({"units": desk.queue(conn, staff, warehouse, step, site.now())})
            return answer({"counts": desk.queue_counts(conn, staff, warehouse)})

    @router.get("/api/zones")
    def zones(request: Request, warehouse: Warehouse) -> Response:
        with site.warehouse() as conn:
            return answer({"zones": desk.zones(conn, site.staff(conn, request), warehouse)})

    @router.get("/api/units/{unit_id}")
    def unit(request: Request, unit_id: UUID) -> Response:
        with site.warehouse() as conn:
            return answer(desk.unit_page(conn, site.staff(conn, request), unit_id))

    @router.get("/api/units/{unit_id}/recovery")
    def recovery(request: Request, unit_id: UUID) -> Response:
        """Return what the piece can still bring, for the stop-loss of its repair; nothing before a second look."""
        with site.warehouse() as conn:
            seen = desk.unit_page(conn, site.staff(conn, request), unit_id)
            if seen["unit"].get("blind"):  # what it can bring tells its grade
                return answer({"at_stake": None, "spent": None})
            left = costs.recovery_of(conn, seen["unit"]["unit_id"], site.now())
            return answer({"at_stake": left.at_stake, "spent": left.spent})


def _people(router: APIRouter, site: Site) -> None:
    @router.get("/api/second")
    def second(request: Request, warehouse: Warehouse) -> Response:
        with site.warehouse() as conn:
            return answer({"units": desk.second_looks(conn, site.staff(conn, request), warehouse)})

    @router.get("/api/agreement")
    def agreement(request: Request, warehouse: Warehouse, measure: Measure = "grade") -> Response:
        """Return how far second looks agree with first ones, and the newest that do not."""
        with site.warehouse() as conn:
            return answer(desk.agreement(conn, site.staff(conn, request), warehouse, measure))

    @router.get("/api/staff")
    def people(request: Request) -> Response:
        with site.warehouse() as conn:
            return answer({"staff": staff_roles.roles(conn, site.staff(conn, request))})


def _messages(router: APIRouter, site: Site) -> None:
    @router.post("/api/staff")
    def set_role(request: Request) -> Response:
        told = _message(request)
        name, merchant_id, role = told.get("user_name"), told.get("merchant_id"), told.get("role")
        if not isinstance(name, str) or not isinstance(merchant_id, str) or not isinstance(role, str | None):
            raise Refused(status.HTTP_400_BAD_REQUEST, "broken_message")
        with site.warehouse(reading=False) as conn:
            staff = site.staff(conn, request)
            changed = staff_roles.set_role(conn, staff, name, merchant_id, cast("Role | None", role), site.now())
        return answer({"changed": changed})

    @router.post("/api/events")
    def events(request: Request) -> Response:
        now = site.now()
        told = _message(request)
        made, warehouse, sent_at = told.get("events"), told.get("warehouse"), told.get("sent_at")
        if not isinstance(made, list) or not isinstance(warehouse, str) or not 1 <= len(made) <= MOST_EVENTS:
            raise Refused(status.HTTP_400_BAD_REQUEST, "broken_message")
        if any(not _is_event(event) for event in made):
            raise Refused(status.HTTP_400_BAD_REQUEST, "broken_message")
        if any(event.get("actor") != actor_of(request) for event in made):
            raise Refused(status.HTTP_409_CONFLICT, "another_person")
        placed = [in_our_time(event, sent_at, now) for event in made]
        with site.warehouse(reading=False) as conn:
            answers = desk.record(conn, site.staff(conn, request), placed, now, warehouse, site.sealer)
        if any(
            event.get("type") == "qc" and event.get("passed") and told["outcome"] == "booked"
            for event, told in zip(placed, answers, strict=True)
        ):
            site.qc_passed()
        return answer({"answers": answers})

    @router.post("/api/photos")
    def photo(
        request: Request,
        unit: UUID,
        event: Annotated[str, Query(max_length=100)],
        actor: Annotated[str, Query(max_length=200)],
    ) -> Response:
        if actor != actor_of(request):  # it waits for the one who took it
            raise Refused(status.HTTP_409_CONFLICT, "another_person")
        with site.warehouse(reading=False) as conn:
            staff = site.staff(conn, request)
            return answer(desk.keep_photo(conn, staff, unit, request.state.body, event, site.now()))


def _papers(router: APIRouter, site: Site) -> None:
    @router.get("/photos/{photo_id}.jpg")
    def photo(request: Request, photo_id: UUID) -> Response:
        with site.warehouse() as conn:
            jpeg = desk.photo(conn, site.staff(conn, request), photo_id)
        return Response(jpeg, media_type="image/jpeg")

    @router.get("/labels/{unit_id}.pdf")
    def unit_label(request: Request, unit_id: UUID) -> Response:
        with site.warehouse() as conn:
            seen = desk.unit_page(conn, site.staff(conn, request), unit_id)
        return _pdf(label_pdf(label_of(seen["unit"], language_of(request))), f"label-{seen['unit']['unit_label']}")

    @router.get("/commands.pdf")
    def commands(request: Request) -> Response:
        language = language_of(request)
        title = language._("Codes that press buttons")
        hint = language._("Scan a code instead of touching the screen.")
        return _pdf(sheet_pdf(title, hint, command_sections(language)), "codes")


def in_our_time(event: dict[str, Any], sent_at: Any, now: dt.datetime) -> dict[str, Any]:
    """Return the event at the time of the business clock: as long before ``now`` as its device says it was.

    A device's clock may be wrong by years; what it measures between two of its own readings is not. An event whose
    times cannot be read is returned as it is: the contract refuses it.
    """
    try:
        age = dt.datetime.fromisoformat(str(sent_at)) - dt.datetime.fromisoformat(str(event.get("occurred_at")))
        moment = now - max(age, dt.timedelta(0))
    except (ValueError, TypeError, OverflowError):
        return event
    return {**event, "occurred_at": moment.isoformat()}


def login_address(request: Request) -> str:
    """Return the address of Airflow's login that leads back to this page."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{up(request)}../api/v2/auth/login?{urlencode({'next': asked})}"


def handle(app: FastAPI) -> None:
    """Answer what the flow refuses: not allowed, not there, or refused with a reason."""

    @app.exception_handler(desk.NotAllowed)
    def not_allowed(request: Request, error: Exception) -> Response:
        log.warning("%s may not %s %s: %s", actor_of(request), request.method, request.url.path, error)
        return refusal(request, "role", status.HTTP_403_FORBIDDEN)

    @app.exception_handler(desk.NotFound)
    def not_found(request: Request, error: Exception) -> Response:
        log.warning("not there for %s: %s: %s", actor_of(request), request.url.path, error)
        return refusal(request, "not_found", status.HTTP_404_NOT_FOUND)

    @app.exception_handler(desk.Refused)
    def refused(request: Request, error: desk.Refused) -> Response:
        return refusal(request, error.reason_code, status.HTTP_422_UNPROCESSABLE_CONTENT, str(error))


def refusal(request: Request, code: str, status_code: int, text: str = "") -> Response:
    """Return a refusal as the scripts read it: the code, and the words for the person."""
    said = label(language_of(request), REFUSALS, code) if code in REFUSALS else text
    return answer({"code": code, "text": said}, status_code)


def answer(told: Any, status_code: int = 200) -> Response:
    """Return JSON; tenge are whole numbers, moments ISO 8601."""
    return Response(orjson.dumps(told, default=_plain), status_code, media_type="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"a {type(value).__name__} in an answer of the desk")


def _is_event(told: Any) -> bool:
    """Tell whether it can be judged by the contract: what it is called by is text, and all of it can be stored."""
    named = ("event_id", "type", "merchant_id", "unit_label", "voids")
    return isinstance(told, dict) and storable(told) and all(isinstance(told.get(name), str | None) for name in named)


def _message(request: Request) -> dict[str, Any]:
    try:
        told = orjson.loads(request.state.body)
    except orjson.JSONDecodeError as error:
        raise Refused(status.HTTP_400_BAD_REQUEST, "broken_message") from error
    if not isinstance(told, dict):
        raise Refused(status.HTTP_400_BAD_REQUEST, "broken_message")
    return told


def _pdf(body: bytes, name: str) -> Response:
    return Response(
        body, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}.pdf"'}
    )
