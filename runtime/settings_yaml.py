"""airflow_settings.yaml: read it, fill in its placeholders, hand it to Airflow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runtime.airflow_api import AirflowApi

_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class SettingsError(ValueError):
    """The settings file cannot be applied; the message names the entry and what to do."""


@dataclass(frozen=True)
class Settings:
    """What Airflow's REST API takes: lists of connections, variables and pools."""

    connections: list[dict[str, Any]]
    variables: list[dict[str, Any]]
    pools: list[dict[str, Any]]


def placeholders(path: Path) -> set[str]:
    """The names the file wants filled in."""
    return {name for text in _strings(_read(path)) for name in _PLACEHOLDER.findall(text)}


def read_settings(path: Path, values: Mapping[str, str]) -> Settings:
    """Read the file and fill in `values`. Raises SettingsError naming every placeholder without a value.

    Values are put in after the YAML was read, so no value can change the structure.
    """
    missing = sorted(placeholders(path) - set(values))
    if missing:
        raise SettingsError(f"{path.name}: no value for {', '.join(missing)}")
    airflow = _filled(_read(path), values)["airflow"]
    return Settings(
        connections=[_connection(entry) for entry in airflow.get("connections") or []],
        variables=[_variable(entry) for entry in airflow.get("variables") or []],
        pools=[_pool(entry) for entry in airflow.get("pools") or []],
    )


def apply_settings(api: AirflowApi, settings: Settings) -> None:
    """Create or overwrite everything the file declares; what it does not name stays as it is."""
    api.put_all("pools", settings.pools)
    api.put_all("connections", settings.connections)
    api.put_all("variables", settings.variables)


def _read(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get("airflow"), dict):
        raise SettingsError(f"{path.name}: the top of the file must be `airflow:`")
    return content


def _strings(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return [text for child in children for text in _strings(child)]


def _filled(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(child, values) for key, child in node.items()}
    if isinstance(node, list):
        return [_filled(child, values) for child in node]
    if isinstance(node, str):
        return _PLACEHOLDER.sub(lambda match: values[match.group(1)], node)
    return node


def _needed(entry: dict[str, Any], name: str) -> Any:
    if entry.get(name) in (None, ""):
        raise SettingsError(f"an entry of the settings file lacks {name}: {sorted(entry)}")
    return entry[name]


def _connection(entry: dict[str, Any]) -> dict[str, Any]:
    extra, port = entry.get("conn_extra"), entry.get("conn_port")
    body = {
        "connection_id": _needed(entry, "conn_id"),
        "conn_type": _needed(entry, "conn_type"),
        "host": entry.get("conn_host"),
        "schema": entry.get("conn_schema"),
        "login": entry.get("conn_login"),
        "password": entry.get("conn_password"),
        "port": int(port) if port not in (None, "") else None,
        "extra": json.dumps(extra, ensure_ascii=False) if isinstance(extra, dict) else extra,
    }
    return {name: value for name, value in body.items() if value is not None}


def _variable(entry: dict[str, Any]) -> dict[str, Any]:
    return {"key": _needed(entry, "variable_name"), "value": _needed(entry, "variable_value")}


def _pool(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": _needed(entry, "pool_name"),
        "slots": int(_needed(entry, "pool_slot")),
        "description": entry.get("pool_description"),
    }
