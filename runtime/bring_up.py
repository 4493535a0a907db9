"""From nothing to a running installation, or from a running one to the same.

What does not depend on each other runs side by side: the user waits, and the machine has two processors.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.clock import from_setting
from include.db.connection import connect
from include.db.migrate import migrate
from include.domain.staff import EVERY_MERCHANT
from include.flows import onboarding, staff
from runtime import postgres
from runtime.airflow_api import AirflowApi
from runtime.airflow_home import ADMIN, DATABASE, airflow_environment, airflow_url, write_passwords
from runtime.keys import INSTANCE_VARIABLE, Keys, keep_keys
from runtime.layout import Layout
from runtime.ports import LOOPBACK, Ports, choose_ports, read_ports
from runtime.private_file import read_json, write_json
from runtime.programs import (
    AIRFLOW_PROGRAMS,
    APPLICATION,
    WAREHOUSE,
    airflow_command,
    all_programs,
    clock_url,
    feed_url,
    owner_dsn,
    sandbox_url,
    warehouse_dsn,
)
from runtime.sandbox_control import SandboxControl
from runtime.settings_yaml import apply_settings, read_settings
from runtime.stop import stop_everything
from runtime.stopwatch import Stopwatch
from runtime.supervisor import Supervisor, log_of
from runtime.waiting import wait_for

DAG_IDS = (
    "kaspi_returns_ingest",
    "warehouse_receipts_reconcile",
    "restock_sync",
    "restock_reconcile_daily",
    "return_causes_weekly",
    "housekeeping",
)
_HEALTHY_PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
REPORT_SENDER = "reports@qaitarym.example"
BUYERS = "phones.example"  # where mails to buyers go


@dataclass(frozen=True)
class Installation:
    """A running installation and how to talk to its parts."""

    layout: Layout
    ports: Ports
    keys: Keys
    server: postgres.Server
    supervisor: Supervisor
    airflow: AirflowApi
    sandbox: SandboxControl

    @property
    def warehouse_dsn(self) -> str:
        return warehouse_dsn(self.ports, self.keys)

    @property
    def owner_dsn(self) -> str:
        return owner_dsn(self.ports, self.keys)


def find_installation(layout: Layout) -> tuple[Installation, bool]:
    """The installation of this layout, and whether its supervisor runs. Makes what is missing on disk."""
    layout.make_folders()
    keys = keep_keys(layout.keys)
    ports = read_ports(layout.ports)
    up = ports is not None and Supervisor(layout, ports, keys).is_up()
    if ports is None or not up:
        stop_everything(layout)  # whatever outlived a supervisor that was killed would hold ports and data
        ports = choose_ports(layout.ports)
    server = postgres.prepare_server(layout.postgres_record, f"qaitarym-{keys.instance}", layout.run / "postgres")
    installation = Installation(
        layout=layout,
        ports=ports,
        keys=keys,
        server=server,
        supervisor=Supervisor(layout, ports, keys),
        airflow=AirflowApi(airflow_url(ports), ADMIN, keys.admin_password),
        sandbox=SandboxControl(sandbox_url(ports)),
    )
    return installation, up


def bring_up(installation: Installation, watch: Stopwatch, *, up: bool) -> None:
    """Start whatever does not run, wait until everything works, apply settings and onboard the merchants."""
    supervisor = installation.supervisor
    if not up:
        write_passwords(installation.layout, installation.keys)
        programs = all_programs(installation.layout, installation.ports, installation.keys, installation.server)
        with watch.step("supervisor"):
            supervisor.launch(programs)
    running = supervisor.running()
    supervisor.start("sandbox")
    with watch.step("database server"):
        _start_postgres(installation, running)
    _side_by_side(
        lambda: _start_airflow(installation, watch, running),
        lambda: _prepare_warehouse(installation, watch),
    )
    with watch.step("Airflow answers, DAGs imported"):
        wait_for_airflow(installation)


def _side_by_side(*jobs: Callable[[], None]) -> None:
    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(job) for job in jobs]:
            future.result()


def _start_postgres(installation: Installation, running: set[str]) -> None:
    server, keys, port = installation.server, installation.keys, installation.ports.postgres
    if "postgres" not in running:
        postgres.initialise(server, keys.postgres_password)
        installation.supervisor.start("postgres")
    superuser = postgres.dsn(port, postgres.SUPERUSER, keys.postgres_password, "postgres")
    postgres.wait_until_ready(superuser)
    postgres.ensure_database(superuser, DATABASE, keys.airflow_db_password)
    postgres.ensure_database(superuser, WAREHOUSE, keys.warehouse_password)
    postgres.ensure_application(superuser, WAREHOUSE, APPLICATION, keys.warehouse_app_password)


def _start_airflow(installation: Installation, watch: Stopwatch, running: set[str]) -> None:
    if "airflow-api" not in running:
        with watch.step("Airflow's database"):
            _migrate_airflow(installation)
    for name in AIRFLOW_PROGRAMS:
        installation.supervisor.start(name)


def _migrate_airflow(installation: Installation) -> None:
    layout, keys = installation.layout, installation.keys
    variables = airflow_environment(layout, installation.ports, keys) | {INSTANCE_VARIABLE: keys.instance}
    log = log_of(layout, "airflow-migrate")
    with log.open("ab") as output:
        done = subprocess.run(
            airflow_command("db", "migrate"),
            cwd=layout.airflow_home,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        end = installation.supervisor.log_end("airflow-migrate")
        raise RuntimeError(f"`airflow db migrate` failed (code {done.returncode}):\n{end}")


def _prepare_warehouse(installation: Installation, watch: Stopwatch) -> None:
    with watch.step("warehouse schema"):
        migrate(installation.owner_dsn)
        installation.supervisor.start("feed")
    with watch.step("sandbox world and merchants"):
        wait_for_program(installation, "sandbox", installation.sandbox.is_up, seconds=60)
        _onboard(installation)


def _onboard(installation: Installation) -> None:
    sandbox = installation.sandbox
    world = sandbox.world()
    catalogues = {merchant["id"]: sandbox.catalogue(merchant["id"]) for merchant in world["merchants"]}
    tokens = onboarding.load(installation.warehouse_dsn, world, catalogues)
    with connect(installation.warehouse_dsn) as conn:  # who plays the demonstration may work at the desk, too
        staff.grant(
            conn,
            ADMIN,
            EVERY_MERCHANT,
            "supervisor",
            actor="make demo",
            now=from_setting(clock_url(installation.ports)).now(),
        )
    for merchant_id, token in tokens.items():
        sandbox.register_feed(merchant_id, f"{feed_url(installation.ports)}/{token}.xml")


def wait_for_program(installation: Installation, name: str, probe: Callable[[], bool], seconds: float) -> None:
    """Wait until `probe` holds; a program that gave up ends the waiting with its log."""

    def works() -> bool:
        installation.supervisor.check_alive(name)
        return probe()

    wait_for(f"{name} to answer (see {log_of(installation.layout, name)})", works, seconds, pause=0.2)


def wait_for_airflow(installation: Installation) -> None:
    """Wait until every part of Airflow is healthy, the settings are in it, and the six DAGs are known."""
    api = installation.airflow
    wait_for_program(installation, "airflow-api", lambda: api.is_healthy(("metadatabase",)), seconds=180)
    _apply_settings(installation)

    def all_known() -> bool:
        for name in AIRFLOW_PROGRAMS:
            installation.supervisor.check_alive(name)
        errors = api.import_errors()
        if errors:
            raise RuntimeError("Airflow cannot import these DAG files:\n" + "\n".join(errors))
        return set(DAG_IDS) <= api.dag_ids() and api.is_healthy(_HEALTHY_PARTS)

    wait_for("the six DAGs and all parts of Airflow (see logs/airflow-*.log)", all_known, seconds=180, pause=0.3)


def _apply_settings(installation: Installation) -> None:
    settings = read_settings(installation.layout.settings, demo_values(installation))
    marker = installation.layout.run / "settings.sha256.json"
    content = [settings.connections, settings.variables, settings.pools]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    if read_json(marker) != digest:
        apply_settings(installation.airflow, settings)
        write_json(marker, digest)


def demo_values(installation: Installation) -> dict[str, str]:
    """What the sandbox world fills into airflow_settings.yaml."""
    ports, keys, world = installation.ports, installation.keys, installation.sandbox.world()
    base = sandbox_url(ports)
    values = {
        "WAREHOUSE_HOST": "127.0.0.1",
        "WAREHOUSE_PORT": str(ports.postgres),
        "WAREHOUSE_LOGIN": APPLICATION,
        "WAREHOUSE_PASSWORD": keys.warehouse_app_password,
        "KASPI_SHOP_API_URL": f"{base}/shop/api/v2",
        "KASPI_REQUESTS_PER_SECOND": "100",  # the sandbox is on this machine and never says "too many"
        "OFFER_OBSERVER_URL": base,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(ports.smtp),
        "REPORT_SENDER": REPORT_SENDER,
        "PRIVACY_KEY": keys.privacy_key,
        "QAITARYM_CLOCK": clock_url(ports),
        "QAITARYM_FEED_URL": feed_url(ports),
    }
    for merchant in world["merchants"]:
        name = merchant["id"].upper()
        values[f"KASPI_{name}_TOKEN"] = merchant["token"]
        values[f"BASE_LIST_{name}_URL"] = f"{base}/files/{merchant['id']}/base.xml"
    values |= _notice_values(ports)
    for source in world["sources"]:
        values |= _source_values(base, source)
    return values


def _notice_values(ports: Ports) -> dict[str, str]:
    """One shop's buyers are told by mail, through a gateway that knows them by their phones; the other's by phone."""
    phones = f"json://{LOOPBACK}:{ports.sandbox}/phones/messages?method=POST&:phone={{phone}}&+Idempotency-Key={{key}}"
    return {
        "NOTICES_ALMATY_TECH_URL": f"mailto://{LOOPBACK}:{ports.smtp}?from={REPORT_SENDER}&to={{phone}}@{BUYERS}",
        "NOTICES_SARY_KIDS_URL": phones,
    }


def _source_values(base: str, source: dict[str, Any]) -> dict[str, str]:
    name = source["name"].upper()
    if source["kind"] == "http_feed":
        return {f"WMS_{name}_URL": f"{base}/wms/{source['name']}", f"WMS_{name}_TOKEN": source["token"]}
    return {f"WMS_{name}_FOLDER": str(Path(source["folder"]).resolve())}
