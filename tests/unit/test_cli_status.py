"""One table decides the exit status of every expected error, and how it is said."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from lineage import errors
from lineage.cli import status
from lineage.cli.group import COMMANDS, cli
from lineage.sources import SourceError

TABLE: list[tuple[BaseException, int, str]] = [
    (errors.NotFound("no domain 'x'"), 1, "not-found"),
    (click.UsageError("what?"), 2, "usage"),
    (errors.XMLError("tag-mismatch", 7, "the tags differ"), 3, "tag-mismatch"),
    (errors.SnapshotError("no-name", 0, "there is no name"), 3, "no-name"),
    (errors.Conflict("another version", 5), 4, "conflict"),
    (errors.Ambiguous("several domains", ("u1", "u2")), 4, "ambiguous"),
    (errors.Busy("locked"), 4, "busy"),
    (errors.Forked("open it again"), 4, "forked"),
    (SourceError("not-found", "no such file"), 4, "not-found"),
    (PermissionError(13, "Permission denied", "/x"), 4, "system"),
    (errors.NotAStore("not a store"), 5, "not-a-store"),
    (errors.TooNew("too new"), 5, "too-new"),
    (errors.Damaged("a bit flipped"), 5, "damaged"),
    (KeyboardInterrupt(), 130, "interrupted"),
    (click.Abort(), 130, "interrupted"),
]


@pytest.fixture
def _command_that_fails(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    @click.command("fails")
    @click.option("--json", is_flag=True)
    def fails(json: bool) -> None:
        raise request.param

    monkeypatch.setitem(COMMANDS, "fails", ("fails", ""))
    module = type(sys)("lineage.cli.fails")
    module.command = fails  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lineage.cli.fails", module)


def _label(value: object) -> str | None:
    return type(value).__name__ if isinstance(value, BaseException) else None


@pytest.mark.usefixtures("_command_that_fails")
@pytest.mark.parametrize(
    ("_command_that_fails", "code"),
    [(error, code) for error, code, _ in TABLE],
    indirect=["_command_that_fails"],
    ids=_label,
)
def test_an_expected_error_ends_with_its_status_and_one_line(code: int) -> None:
    result = CliRunner().invoke(cli, ["fails"])
    assert result.exit_code == code
    assert result.stdout == ""
    *_, last = result.stderr.splitlines()
    assert last.startswith("lineage: ")
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("_command_that_fails")
@pytest.mark.parametrize(
    ("_command_that_fails", "code", "name"), TABLE, indirect=["_command_that_fails"], ids=_label
)
def test_with_json_an_expected_error_is_an_object_on_stderr(code: int, name: str) -> None:
    result = CliRunner().invoke(cli, ["fails", "--json"])
    assert result.exit_code == code
    assert result.stdout == ""
    error = json.loads(result.stderr)["error"]
    assert (error["status"], error["code"]) == (code, name)
    assert error["message"]


@pytest.mark.usefixtures("_command_that_fails")
@pytest.mark.parametrize("_command_that_fails", [BrokenPipeError()], indirect=True)
def test_a_reader_that_went_away_is_no_message() -> None:
    result = CliRunner().invoke(cli, ["fails"])
    assert result.exit_code == 141
    assert result.output == ""


@pytest.mark.usefixtures("_command_that_fails")
@pytest.mark.parametrize("_command_that_fails", [ZeroDivisionError("a mistake")], indirect=True)
def test_a_mistake_in_the_program_is_not_hidden() -> None:
    assert isinstance(CliRunner().invoke(cli, ["fails"]).exception, ZeroDivisionError)


@pytest.mark.usefixtures("_command_that_fails")
@pytest.mark.parametrize(
    "_command_that_fails",
    [errors.NotFound("no snapshot a\n\x1b]0;b\u009b31m\u202e"), OSError(2, "no", "a\n\udcff")],
    indirect=True,
    ids=_label,
)
def test_an_error_message_cannot_act_on_the_terminal() -> None:
    result = CliRunner().invoke(cli, ["fails"])
    assert result.stderr.count("\n") == 1
    assert result.stderr.rstrip("\n").isprintable()


def test_json_errors_carry_version_choices_and_offset(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status.report(errors.Conflict("no", 5), as_json=True)
    assert json.loads(capsys.readouterr().err)["error"]["actual"] == 5
    status.report(errors.Ambiguous("several", ("u1", "u2")), as_json=True)
    assert json.loads(capsys.readouterr().err)["error"]["choices"] == ["u1", "u2"]
    status.report(errors.XMLError("tag-mismatch", 7, "the tags differ"), as_json=True)
    assert json.loads(capsys.readouterr().err)["error"]["offset"] == 7


@pytest.mark.parametrize(
    "args", [["nothing"], ["--nothing"], ["show"], ["show", "a", "b", "c"], ["log", "--after", "x"]]
)
def test_wrong_usage_is_status_2_and_names_the_usage(args: list[str]) -> None:
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: lineage ")
    assert CliRunner().invoke(cli, [*args, "--json"]).stderr.startswith('{"error": {"status": 2')


@pytest.mark.parametrize("args", [[], ["record"]])
def test_without_a_command_the_help_is_shown_as_wrong_usage(args: list[str]) -> None:
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == CliRunner().invoke(cli, [*args, "--help"]).stdout


def test_every_status_is_in_the_help() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    documented = {line.split()[0] for line in result.stdout.splitlines() if line.split()}
    statuses = {code for _, code in status.STATUSES} | {status.DONE}
    assert {str(code) for code in statuses} <= documented


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_help_that_the_list_of_commands_repeats(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert f"Usage: lineage {name}" in result.stdout
    assert name in CliRunner().invoke(cli, ["--help"]).stdout


def test_help_loads_none_of_the_heavy_modules() -> None:
    code = (
        "import sys\nfrom lineage.cli.group import cli\ncli(['--help'], standalone_mode=False)\n"
        "print('loaded:', *sorted(m for m in sys.modules if m in"
        " ('lxml', 'apsw', 'zstandard', 'lineage.store', 'lineage.tree')))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.splitlines()[-1] == "loaded:"
