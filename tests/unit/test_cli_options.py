"""Where the store is, and what --at and names may be."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lineage.cli.options import At, at_option, default_store, domains_argument, store_option


@click.command()
@at_option
@store_option
@domains_argument
def probe(at: At, store_path: Path | None, domains: tuple[str, ...]) -> None:
    moment = at.astimezone(dt.UTC).isoformat() if isinstance(at, dt.datetime) else at
    click.echo(f"{moment} {store_path} {len(domains)}")


@pytest.fixture
def _india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_india")
@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("0", "0"),
        ("20261123", "20261123"),
        ("2026-11-23", "2026-11-22T18:30:00+00:00"),
        ("2026-11-23T10:00", "2026-11-23T04:30:00+00:00"),
        ("2026-11-23 10:00:01.5", "2026-11-23T04:30:01.500000+00:00"),
        ("2026-11-23T10:00Z", "2026-11-23T10:00:00+00:00"),
        ("2026-11-23T10:00+02:00", "2026-11-23T08:00:00+00:00"),
    ],
)
def test_a_bare_integer_is_a_position_and_all_else_a_time_local_without_a_zone(
    given: str, meant: str
) -> None:
    result = CliRunner().invoke(probe, ["--at", given])
    assert result.stdout.startswith(f"{meant} None")


@pytest.mark.parametrize(
    "given",
    ["", "-1", "yesterday", "1.5", "٣", "9" * 19, "9" * 10_000, "2026-13-01", "0001-01-01T00:00"],
)
def test_what_is_neither_is_wrong_usage(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    result = CliRunner().invoke(probe, ["--at", given])
    monkeypatch.undo()
    time.tzset()
    assert result.exit_code == 2


def test_the_store_is_the_option_else_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_STORE", "/from/variable")
    assert "/from/variable" in CliRunner().invoke(probe).stdout
    assert "/from/option" in CliRunner().invoke(probe, ["--store", "/from/option"]).stdout


def test_else_it_is_in_the_xdg_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_store() == Path("/data/lineage/lineage.db")
    monkeypatch.setenv("HOME", "/people/me")
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_DATA_HOME", ignored)
        assert default_store() == Path("/people/me/.local/share/lineage/lineage.db")


def test_a_name_that_no_document_can_hold_is_wrong_usage() -> None:
    assert CliRunner().invoke(probe, ["web", "名前"]).stdout.endswith(" 2\n")
    assert CliRunner().invoke(probe, ["web", "a\udcff"]).exit_code == 2
