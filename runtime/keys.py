"""The secrets of an instance: made at the first start, kept in one file only its owner can read."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from cryptography.fernet import Fernet

from runtime.private_file import read_json, write_json

INSTANCE_VARIABLE = "QAITARYM_INSTANCE"
LATER = {"warehouse_app_password"}  # an instance of before has none: of a login that is made at its next start


@dataclass(frozen=True)
class Keys:
    """Generated values; all are letters, digits, `-`, `_` and `=` and need no quoting anywhere."""

    instance: str
    postgres_password: str
    airflow_db_password: str
    warehouse_password: str
    warehouse_app_password: str
    supervisor_password: str
    admin_password: str
    jwt_secret: str
    api_secret: str
    fernet_key: str
    privacy_key: str


def make_keys() -> Keys:
    """Fresh random keys."""
    return Keys(
        instance=str(uuid.uuid4()),
        postgres_password=secrets.token_urlsafe(24),
        airflow_db_password=secrets.token_urlsafe(24),
        warehouse_password=secrets.token_urlsafe(24),
        warehouse_app_password=secrets.token_urlsafe(24),
        supervisor_password=secrets.token_urlsafe(24),
        admin_password=secrets.token_urlsafe(12),
        jwt_secret=secrets.token_urlsafe(64),
        api_secret=secrets.token_urlsafe(64),
        fernet_key=Fernet.generate_key().decode(),
        privacy_key=Fernet.generate_key().decode(),
    )


def read_keys(path: Path) -> Keys | None:
    """The stored keys, or None before the first start."""
    stored = read_json(path)
    if stored is None:
        return None
    missing = {field.name for field in fields(Keys)} - set(stored) - LATER
    if missing:
        raise ValueError(f"{path} lacks {', '.join(sorted(missing))}; `make clean` starts over")
    fresh = asdict(make_keys())
    return Keys(**{field.name: stored.get(field.name, fresh[field.name]) for field in fields(Keys)})


def keep_keys(path: Path) -> Keys:
    """The stored keys; what is missing is made and stored."""
    keys = read_keys(path) or make_keys()
    if read_json(path) != asdict(keys):
        write_json(path, asdict(keys))
    return keys
