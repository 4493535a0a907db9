"""Airflow's configuration: environment variables only, so that one function says all of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runtime.keys import Keys
from runtime.layout import Layout
from runtime.ports import LOOPBACK, Ports
from runtime.postgres import dsn
from runtime.private_file import write_json

ADMIN = "admin"
DATABASE = "airflow"
# Airflow hides its database from tasks. The one task that cuts back Airflow's own history finds it here.
DATABASE_VARIABLE = "QAITARYM_AIRFLOW_DATABASE"
# Taken over from the shell that starts us; everything else would make a start depend on who starts it.
_INHERITED = (
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
# One heap for all threads of a process: each of glibc's own ones keeps what it once needed, so a task's memory would
# grow with how long it works and not with what it holds.
ONE_HEAP = {"MALLOC_ARENA_MAX": "1"}


def base_environment(layout: Layout) -> dict[str, str]:
    """What every Python program of an instance gets."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | {
        # `airflow` of this environment first: a task that calls it must not find another one
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": str(layout.root),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": f"{LOOPBACK},localhost",
        "no_proxy": f"{LOOPBACK},localhost",
        # keeps the environment of a process readable after it changed its title: `make stop` finds it by that
        "SPT_NOENV": "1",
        **ONE_HEAP,
    }


def airflow_url(ports: Ports) -> str:
    """The address of Airflow's pages, without a slash at the end."""
    return f"http://{LOOPBACK}:{ports.airflow}"


def passwords_file(layout: Layout) -> Path:
    """Where Airflow's simple user management keeps the one login."""
    return layout.airflow_home / "passwords.json"


def write_passwords(layout: Layout, keys: Keys) -> None:
    """Give the administrator the generated password before Airflow makes one up and prints it to a log."""
    write_json(passwords_file(layout), {ADMIN: keys.admin_password})


def airflow_environment(layout: Layout, ports: Ports, keys: Keys) -> dict[str, str]:
    """The whole environment of Airflow's programs and commands."""
    url = airflow_url(ports)
    options = {
        "CORE__EXECUTOR": "LocalExecutor",
        # The default forks 32 workers at once; on a small machine they would only queue for the processors.
        "CORE__PARALLELISM": "4",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_FOLDER": str(layout.dags),
        "CORE__PLUGINS_FOLDER": str(layout.plugins),
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "CORE__FERNET_KEY": keys.fernet_key,
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(layout)),
        # A fully qualified name may cost a look-up in a name service that is not there.
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "DATABASE__SQL_ALCHEMY_CONN": metadata_url(ports, keys),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "API__HOST": LOOPBACK,
        "API__PORT": str(ports.airflow),
        "API__BASE_URL": url,
        "API__WORKERS": "1",
        "API__SECRET_KEY": keys.api_secret,
        "API__EXPOSE_CONFIG": "False",
        "API__EXPOSE_STACKTRACE": "False",
        "API__INSTANCE_NAME": "Qaitarym",
        "API_AUTH__JWT_SECRET": keys.jwt_secret,
        "API_AUTH__JWT_ISSUER": "qaitarym",
        "LOGGING__COLORED_CONSOLE_LOG": "False",
        "METRICS__STATSD_ON": "False",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return (
        base_environment(layout)
        | {"AIRFLOW_HOME": str(layout.airflow_home), "GX_ANALYTICS_ENABLED": "false"}
        | {DATABASE_VARIABLE: metadata_url(ports, keys)}
        | {f"AIRFLOW__{name}": value for name, value in options.items()}
    )


def metadata_url(ports: Ports, keys: Keys) -> str:
    """The metadata database; the driver is written out because the default differs between versions."""
    address = dsn(ports.postgres, DATABASE, keys.airflow_db_password, DATABASE)
    return address.replace("postgresql://", "postgresql+psycopg2://", 1)
