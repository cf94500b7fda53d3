"""`lineage diff`: two snapshots, one snapshot at two moments, or two files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli_samples import NOON, WEB, Run, run_lineage, snapshot, write_archive

DOMAIN = f"""<domain type='kvm'><name>web</name><uuid>{WEB}</uuid>
  <cpu mode='custom' match='exact' check='{{cpu}}'><model>qemu64</model></cpu>
  <devices><graphics type='vnc' port='5900' passwd='{{password}}'/></devices></domain>"""


def reverted(name: str, cpu: str, password: str = "hunter2") -> str:
    return (
        f"<domainsnapshot><name>{name}</name><state>running</state><creationTime>{NOON}"
        f"</creationTime>{DOMAIN.format(cpu=cpu, password=password)}</domainsnapshot>"
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`lineage` with a store of the sample archive, in which `mid` was redefined."""
    monkeypatch.setenv("LINEAGE_STORE", str(tmp_path / "store.db"))
    monkeypatch.chdir(tmp_path)
    run_lineage("import", write_archive(tmp_path / "snapshot"))
    Path("mid.xml").write_text(
        snapshot("mid", "base", NOON + 60, description="after it -> all").replace(
            "internal", "manual"
        )
    )
    run_lineage("import", "mid.xml")
    return run_lineage


def test_two_snapshots_differ_in_these_paths(run: Run) -> None:
    assert run("diff", "web", "base", "top", status=1).stdout.splitlines() == [
        "/name  base -> top",
        f"/creationTime  {NOON} -> {NOON + 120}",
        "/parent  (none) -> <parent><name>mid</name></parent>",
    ]


def test_a_snapshot_is_compared_with_what_it_was(run: Run) -> None:
    before = json.loads(run("info", "web", "mid", "--json").stdout)["position"] - 1
    assert run("diff", "web", f"mid@{{{before}}}", "mid", status=1).stdout.splitlines() == [
        '/description  "before the upgrade" -> "after it -> all"',
        "/disks/disk[vda]/@snapshot  internal -> manual",
    ]
    assert run("diff", "web", f"mid@{{{before}}}", f"mid@{{{before}}}").stdout == ""


def test_the_one_attribute_that_keeps_a_snapshot_from_being_reverted_is_named(run: Run) -> None:
    """apache/cloudstack 7043: the CPU's check had changed between snapshot and machine."""
    Path("a.xml").write_text(reverted("s", "partial"))
    Path("b.xml").write_text(reverted("s", "full").replace("><", ">\n\n<"))
    found = run("diff", "--files", "a.xml", "b.xml", status=1).stdout
    assert found == "/domain/cpu/@check  partial -> full\n"


def test_json_is_an_array_of_the_changes_with_the_fields_that_the_help_names(run: Run) -> None:
    found = json.loads(run("diff", "--json", "web", "base", "top", status=1).stdout)
    assert found[0] == {"path": "/name", "kind": "changed", "old": "base", "new": "top"}
    assert found[-1]["old"] is None
    assert json.loads(run("diff", "--json", "web", "base", "base").stdout) == []
    words = set(run("diff", "--help").stdout.split())
    assert found[0].keys() <= words


def test_text_is_told_as_diff_tells_it(run: Run) -> None:
    lines = run("diff", "--unified", "web", "base", "top", status=1).stdout.splitlines()
    assert lines[:2] == ["--- base", "+++ top"]
    assert "-  <name>base</name>" in lines
    assert "+    <name>mid</name>" in lines
    assert run("diff", "--unified", "web", "base", "base").stdout == ""


@pytest.mark.parametrize("form", [(), ("--json",), ("--unified",)])
def test_no_password_is_shown_in_any_form(run: Run, form: tuple[str, ...]) -> None:
    Path("a.xml").write_text(reverted("s", "full"))
    Path("b.xml").write_text(reverted("s", "full", "canary"))
    told = run("diff", "--files", *form, "a.xml", "b.xml", status=1).stdout
    assert "***" in told
    assert "hunter2" not in told
    assert "canary" not in told


def test_standard_input_and_domains_are_compared(run: Run) -> None:
    Path("a.xml").write_text(DOMAIN.format(cpu="full", password="x"))
    given = DOMAIN.format(cpu="none", password="x").encode()
    assert run("diff", "--files", "a.xml", "-", status=1, given=given).stdout == (
        "/cpu/@check  full -> none\n"
    )


def test_hostile_text_stays_on_its_line(run: Run) -> None:
    name = "\u202ea\u009b31m\nb" + "x" * 500
    document = snapshot("base", None, description=name)
    Path("a.xml").write_text(document.replace("'vda'", "'v\u202e a'"), encoding="utf-8")
    Path("b.xml").write_text(snapshot("base"), encoding="utf-8")
    for form in ((), ("--unified",), ("--json",)):
        output = run("diff", "--files", *form, "a.xml", "b.xml", status=1).stdout
        assert all(line.isprintable() for line in output.splitlines())
    line = run("diff", "--files", "a.xml", "b.xml", status=1).stdout.splitlines()[0]
    assert line.startswith("/description  \\u202ea\\x9b31m\\x0ab")
    assert len(line) < 300
    assert "... -> (none)" in line


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (("web", "base", "nothing"), 1),
        (("nobody", "base", "top"), 1),
        (("web", "base"), 2),
        (("--files", "a.xml"), 2),
        (("--files", "a.xml", "domain.xml"), 2),
        (("--json", "--unified", "web", "base", "top"), 2),
        (("web", "base", "top@{9999}"), 1),
        (("web", "base", "top@{soon}"), 2),
        (("--files", "a.xml", "broken.xml"), 3),
        (("--files", "a.xml", "absent.xml"), 4),
    ],
)
def test_what_cannot_be_compared_is_said_on_stderr(
    run: Run, args: tuple[str, ...], status: int
) -> None:
    Path("a.xml").write_text(snapshot("s"))
    Path("domain.xml").write_text("<domain type='kvm'/>")
    Path("broken.xml").write_text("<domainsnapshot>")
    result = run("diff", *args, status=status)
    assert result.stdout == ""
    assert "lineage: " in result.stderr or "error" in result.stderr
