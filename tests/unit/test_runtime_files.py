"""Files, ports and settings of an installation."""

from __future__ import annotations

import configparser
import json
import os
import socket
import stat
from pathlib import Path

import pytest

from runtime.airflow_home import airflow_environment
from runtime.keys import keep_keys, make_keys
from runtime.layout import Layout, find_layout
from runtime.ports import LOOPBACK, Ports, choose_ports
from runtime.programs import Program
from runtime.settings_yaml import SettingsError, placeholders, read_settings
from runtime.supervisor import render_config

PORTS = Ports(airflow=8080, postgres=2, supervisor=3, sandbox=4, smtp=5, feed=6)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(root=tmp_path, run=tmp_path / "run", dags=tmp_path / "dags")
    found.make_folders()
    return found


def test_the_run_folder_is_closed_to_others(layout: Layout) -> None:
    assert stat.S_IMODE(layout.run.stat().st_mode) == 0o700


def test_keys_are_made_once_and_are_private(layout: Layout) -> None:
    keys = keep_keys(layout.keys)
    assert keep_keys(layout.keys) == keys
    assert make_keys() != keys
    assert stat.S_IMODE(layout.keys.stat().st_mode) == 0o600


def test_an_instance_of_before_gets_the_password_that_came_later_and_keeps_its_own(layout: Layout) -> None:
    before = vars(make_keys()).copy()
    del before["warehouse_app_password"]
    layout.keys.write_text(json.dumps(before))
    keys = keep_keys(layout.keys)
    assert keep_keys(layout.keys) == keys and keys.warehouse_app_password
    assert {name: value for name, value in vars(keys).items() if name in before} == before


def test_an_instance_without_a_password_of_before_is_not_guessed(layout: Layout) -> None:
    before = vars(make_keys()).copy()
    del before["warehouse_password"]
    layout.keys.write_text(json.dumps(before))
    with pytest.raises(ValueError, match="lacks warehouse_password"):
        keep_keys(layout.keys)


def test_ports_are_remembered_and_a_taken_one_is_chosen_anew(tmp_path: Path) -> None:
    record = tmp_path / "ports.json"
    first = choose_ports(record)
    assert choose_ports(record) == first
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, first.sandbox))
        holder.listen()
        second = choose_ports(record)
    assert second.sandbox != first.sandbox
    assert (second.postgres, second.smtp, second.feed) == (first.postgres, first.smtp, first.feed)


def test_no_two_programs_get_the_same_port(tmp_path: Path) -> None:
    record = tmp_path / "ports.json"
    first = choose_ports(record)
    record.write_text(json.dumps(dict.fromkeys(vars(first), first.feed)))
    chosen = list(vars(choose_ports(record)).values())
    assert len(set(chosen)) == len(chosen)


def test_airflow_is_configured_without_looking_at_the_users_settings(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    environment = airflow_environment(layout, PORTS, make_keys())
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert environment["AIRFLOW_HOME"] == str(layout.airflow_home)
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8080/execution/"


def test_supervisor_config_keeps_percent_signs_commas_and_spaces(layout: Layout) -> None:
    program = Program("sample", ["/bin/echo", "a b", "100%"], {"ONE": "a,b=c%d e", "TWO": "2"}, layout.run)
    text = render_config(layout, PORTS, make_keys(), [program])
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read_string(text)
    section = parsed["program:sample"]
    assert section["command"] == "/bin/echo 'a b' 100%%"
    assert section["environment"] == 'ONE="a,b=c%%d e",TWO="2"'


def test_supervisor_config_refuses_what_it_cannot_hold(layout: Layout) -> None:
    program = Program("sample", ["/bin/true"], {"ONE": 'a"b'}, layout.run)
    with pytest.raises(ValueError, match="double quote"):
        render_config(layout, PORTS, make_keys(), [program])


def test_the_settings_file_names_every_missing_value() -> None:
    path = find_layout().settings
    values = dict.fromkeys(placeholders(path) - {"WAREHOUSE_PASSWORD", "SMTP_PORT"}, "1")
    with pytest.raises(SettingsError, match="SMTP_PORT, WAREHOUSE_PASSWORD"):
        read_settings(path, values)


def test_the_settings_file_becomes_connections_variables_and_pools() -> None:
    path = find_layout().settings
    values = {name: "5" if name.endswith("PORT") else f'a"b: {name}' for name in placeholders(path)}
    settings = read_settings(path, values)
    connections = {entry["connection_id"]: entry for entry in settings.connections}
    assert connections["warehouse_db"]["port"] == 5
    assert connections["warehouse_db"]["password"] == 'a"b: WAREHOUSE_PASSWORD'
    assert connections["warehouse_db"]["login"] == 'a"b: WAREHOUSE_LOGIN'
    manners = json.loads(connections["kaspi_shop_sary_kids"]["extra"])
    assert manners["requests_per_second"] == 'a"b: KASPI_REQUESTS_PER_SECOND'
    assert json.loads(connections["wms_drop_w2"]["extra"]) == {"path": 'a"b: WMS_W2_FOLDER'}
    assert {entry["key"] for entry in settings.variables} == {"qaitarym_clock", "qaitarym_feed_url"}
    assert settings.pools[0]["slots"] == 16


def test_the_settings_file_holds_no_secret() -> None:
    text = find_layout().settings.read_text(encoding="utf-8")
    for line in text.splitlines():
        if "password" in line and not line.lstrip().startswith("#"):
            assert line.rstrip().endswith("}"), line


def test_the_run_folder_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QAITARYM_RUN_DIR", str(tmp_path / "elsewhere"))
    assert find_layout().run == Path(os.path.realpath(tmp_path)) / "elsewhere"
