"""The sandbox over HTTP: control, Shop API, warehouse feed, files, the buyer's eyes, the mailbox, the phones."""

import datetime as dt

from fastapi import FastAPI, HTTPException, Response
from pydantic import AwareDatetime, BaseModel, Field

from include.sandbox.applications_file import XLSX_MEDIA_TYPE, Steps, as_csv, as_xlsx
from include.sandbox.catalogue import Merchant, catalogue_csv
from include.sandbox.life import ClockMovesForward
from include.sandbox.mailbox import Mailbox, routes
from include.sandbox.manners import FULL_PAGE, SLOW_SECONDS, BadManners, Gauge, Manners, Settings
from include.sandbox.moments import utc_iso
from include.sandbox.phones import Phones
from include.sandbox.phones import routes as phone_routes
from include.sandbox.session import Session
from include.sandbox.shop_api import ShopApi
from include.sandbox.unruly import Unruly
from include.sandbox.wms_api import WmsApi


class Advance(BaseModel):
    """Where to move the clock."""

    to: AwareDatetime


class FeedAddress(BaseModel):
    """Where a merchant's price list lies."""

    merchant_id: str
    url: str


class Asked(BaseModel, extra="forbid"):
    """The bad manners from now on. What is left out is as if never asked for."""

    rates: dict[str, float] = {}
    slow_seconds: float = Field(SLOW_SECONDS, gt=0, le=600)
    hang: bool | None = None
    page_size: int = Field(FULL_PAGE, ge=1, le=FULL_PAGE)


def application(session: Session, mailbox: Mailbox, settings: Settings | None = None) -> FastAPI:
    """Return the whole sandbox as one application; ``settings`` are the manners it starts with.

    Routes are plain functions, run by threads, so that the clock answers while it moves.
    """
    app = FastAPI(title="Sandbox world", docs_url=None, redoc_url=None, openapi_url=None)
    manners, gauge = Manners(session.world.seed, settings), Gauge()
    app.include_router(ShopApi(lambda: session.life, lambda: manners.settings.page_size, session.write).router)
    app.include_router(WmsApi(lambda: session.life).router)
    app.include_router(routes(mailbox))
    app.include_router(phone_routes(Phones(session.folder / "phones")))
    app.add_middleware(Unruly, manners=manners, gauge=gauge, world=session.world)
    _add_control(app, session)
    _add_manners(app, manners, gauge)
    _add_files(app, session)
    return app


def _merchant(session: Session, merchant_id: str) -> Merchant:
    merchant = session.world.merchants.get(merchant_id)
    if merchant is None:
        known = ", ".join(session.world.merchants)
        raise HTTPException(404, f"no merchant {merchant_id}; there are {known}")
    return merchant


def _add_control(app: FastAPI, session: Session) -> None:
    @app.get("/control/clock")
    def clock() -> dict[str, str]:
        return {"now": utc_iso(session.life.now)}

    @app.post("/control/advance")
    def advance(order: Advance) -> dict[str, object]:
        try:
            pulls, placed = session.advance(order.to.astimezone(dt.UTC))
        except ClockMovesForward as error:
            raise HTTPException(409, str(error)) from error
        return {"now": utc_iso(session.life.now), "pulls": pulls, "orders_placed": placed}

    @app.put("/control/feed")
    def feed(address: FeedAddress) -> dict[str, str]:
        _merchant(session, address.merchant_id)
        session.register_feed(address.merchant_id, address.url)
        return {"merchant_id": address.merchant_id, "url": address.url}

    @app.get("/control/truth")
    def truth() -> dict[str, object]:
        return session.truth()

    @app.get("/control/buyers")
    def buyers() -> list[dict[str, str]]:
        """Who has bought so far: for whoever looks whether it leaked."""
        seen = {order.buyer for order in list(session.life.orders.values()) if order.created_at <= session.life.now}
        return [{"first": one.first_name, "last": one.last_name, "phone": one.phone} for one in seen]

    @app.get("/control/world")
    def world() -> dict[str, object]:
        return session.describe()


def _add_manners(app: FastAPI, manners: Manners, gauge: Gauge) -> None:
    """Add the calls about manners: coroutines, as all that draws and counts runs in the event loop."""

    @app.get("/control/manners")
    async def shown() -> dict[str, object]:
        return {**manners.report(), **gauge.report()}

    @app.put("/control/manners")
    async def asked(asked: Asked) -> dict[str, object]:
        try:
            manners.settings = Settings(asked.rates, asked.slow_seconds, asked.hang, asked.page_size)
        except BadManners as error:
            raise HTTPException(422, str(error)) from error
        return await shown()

    @app.post("/control/manners/reset")
    async def reset() -> dict[str, object]:
        manners.reset()
        gauge.reset()
        return await shown()


def _add_files(app: FastAPI, session: Session) -> None:
    @app.get("/files/{merchant_id}/catalogue.csv")
    def catalogue(merchant_id: str) -> Response:
        text = catalogue_csv(_merchant(session, merchant_id))
        return Response(text, media_type="text/csv; charset=utf-8")

    @app.get("/files/{merchant_id}/base.xml")
    def base(merchant_id: str) -> Response:
        return Response(session.base_list(_merchant(session, merchant_id)), media_type="application/xml")

    @app.get("/files/{merchant_id}/applications.csv")
    def applications_csv(merchant_id: str, steps: Steps = "last") -> Response:
        mine = session.applications(_merchant(session, merchant_id))
        return Response(as_csv(mine, session.life.now, steps), media_type="text/csv; charset=utf-8")

    @app.get("/files/{merchant_id}/applications.xlsx")
    def applications_xlsx(merchant_id: str, steps: Steps = "last") -> Response:
        mine = session.applications(_merchant(session, merchant_id))
        return Response(as_xlsx(mine, session.life.now, steps), media_type=XLSX_MEDIA_TYPE)

    @app.get("/buyer/offers")
    def offers(merchant: str) -> dict[str, object]:
        view = session.life.views.get(_merchant(session, merchant).merchant_id)
        return view.as_seen(session.life.now) if view else {"as_of": utc_iso(session.life.now), "offers": []}
