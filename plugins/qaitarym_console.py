"""Registers the console with Airflow. Import-light: Airflow loads this in every task process too."""

from functools import cached_property
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin


class QaitarymConsole(AirflowPlugin):
    """The menu entry and the mounted pages."""

    name = "qaitarym_console"
    external_views: ClassVar[list[dict[str, str]]] = [
        {"name": "Qaitarym", "href": "qaitarym/", "destination": "nav", "url_route": "qaitarym"},
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        """Return the app; only the API server asks."""
        from include.airflow_context import clock, kaspi_writes, warehouse_dsn
        from include.console.app import build_app

        app = build_app(warehouse_dsn, clock, writes_of=kaspi_writes)
        return [{"app": app, "url_prefix": "/qaitarym", "name": "Qaitarym"}]
