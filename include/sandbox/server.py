"""The sandbox over HTTP: control, Shop API, warehouse feed, files, the buyer's eyes, the mailbox."""

import datetime as dt

from fastapi import FastAPI, HTTPException, Response
from pydantic import AwareDatetime, BaseModel

from include.sandbox.catalogue import Merchant, catalogue_csv
from include.sandbox.life import ClockMovesForward
from include.sandbox.mailbox import Mailbox, routes
from include.sandbox.moments import utc_iso
from include.sandbox.session import Session
from include.sandbox.shop_api import ShopApi
from include.sandbox.wms_api import WmsApi


class Advance(BaseModel):
    """Where to move the clock."""

    to: AwareDatetime


class FeedAddress(BaseModel):
    """Where a merchant's price list lies."""

    merchant_id: str
    url: str


def application(session: Session, mailbox: Mailbox) -> FastAPI:
    """Return the whole sandbox as one application.

    Routes are plain functions, run by threads, so that the clock answers while it moves.
    """
    app = FastAPI(title="Sandbox world", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(ShopApi(lambda: session.life).router)
    app.include_router(WmsApi(lambda: session.life).router)
    app.include_router(routes(mailbox))
    _add_control(app, session)
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

    @app.get("/control/world")
    def world() -> dict[str, object]:
        return session.describe()


def _add_files(app: FastAPI, session: Session) -> None:
    @app.get("/files/{merchant_id}/catalogue.csv")
    def catalogue(merchant_id: str) -> Response:
        text = catalogue_csv(_merchant(session, merchant_id))
        return Response(text, media_type="text/csv; charset=utf-8")

    @app.get("/files/{merchant_id}/base.xml")
    def base(merchant_id: str) -> Response:
        return Response(session.base_list(_merchant(session, merchant_id)), media_type="application/xml")

    @app.get("/buyer/offers")
    def offers(merchant: str) -> dict[str, object]:
        view = session.life.views.get(_merchant(session, merchant).merchant_id)
        return view.as_seen(session.life.now) if view else {"as_of": utc_iso(session.life.now), "offers": []}
