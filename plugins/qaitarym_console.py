"""Registers the console with Airflow. Import-light: Airflow loads this in every task process too."""

from functools import cached_property
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin


class QaitarymConsole(AirflowPlugin):
    """The menu entries and the mounted pages."""

    name = "qaitarym_console"
    external_views: ClassVar[list[dict[str, Any]]] = [
        {
            "name": "Qaitarym",
            "href": "qaitarym/",
            "destination": "nav",
            "url_route": "qaitarym",
            "nav_top_level": True,
        },
        # Without a route of their own they open as pages, not in a frame: a phone has no room for Airflow around it.
        # Airflow 3.3 draws such an entry at the top level as a button that leads nowhere; two of them make a menu,
        # where each is a link.
        {"name": "Returns desk", "href": "qaitarym/desk/", "destination": "nav"},
        {"name": "Returns desk: sheet of codes", "href": "qaitarym/desk/commands.pdf", "destination": "nav"},
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        """Return the app; only the API server asks."""
        from include.airflow_context import clock, kaspi_writes, qc_passed, sealer, warehouse_dsn
        from include.console.app import build_app

        app = build_app(warehouse_dsn, clock, qc_passed=qc_passed, writes_of=kaspi_writes, sealer=sealer)
        return [{"app": app, "url_prefix": "/qaitarym", "name": "Qaitarym"}]
