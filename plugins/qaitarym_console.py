"""Registers the console with Airflow. Import-light: Airflow loads this in every task process too."""

from functools import cached_property
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin


class QaitarymConsole(AirflowPlugin):
    """The menu entries and the mounted pages."""

    name = "qaitarym_console"
    external_views: ClassVar[list[dict[str, Any]]] = [
        {"name": "Qaitarym", "href": "qaitarym/", "destination": "nav", "url_route": "qaitarym"},
        # without a route of its own it opens as a page, not in a frame: a phone has no room for Airflow around it
        {"name": "Returns desk", "href": "qaitarym/desk/", "destination": "nav", "nav_top_level": True},
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        """Return the app; only the API server asks."""
        from include.airflow_context import clock, warehouse_dsn
        from include.console.app import build_app

        return [{"app": build_app(warehouse_dsn, clock), "url_prefix": "/qaitarym", "name": "Qaitarym"}]
