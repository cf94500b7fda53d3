"""``lineage plan``: the decision in words, the tables, a request's document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineage.rules.plan import MECHANISMS, plans
from lineage.rules.plan_table import COMBINATIONS, PROFILES
from tests.unit.cli_samples import run_lineage

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("profile", PROFILES)
def test_the_table_is_printed_as_the_commit_has_it(profile: str) -> None:
    printed = run_lineage("plan", "--table", "--profile", profile).stdout
    assert printed == (GOLDEN / f"plan-{profile}.txt").read_text()


@pytest.mark.parametrize("profile", PROFILES)
def test_json_has_an_object_for_each_combination(profile: str) -> None:
    records = json.loads(run_lineage("plan", "--table", "--json", "--profile", profile).stdout)
    asked = [(x["domain"], x["memory"], x["disk"], x["disk_only"]) for x in records]
    assert asked == list(COMBINATIONS)
    for record, made in zip(records, plans(profile), strict=True):
        for field in ("verdict", "result_memory", "result_disk", "mechanism", "kind", "reason"):
            assert record[field] == getattr(made, field)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_cell_is_reached_from_the_command_line(profile: str) -> None:
    for made in plans(profile):
        args = ["plan", "--profile", profile, "--state", made.state, "--memory", made.memory]
        args += ["--disk", str(made.disk), *(["--disk-only"] if made.disk_only else [])]
        status = 0 if made.verdict == "ok" else 1
        record = json.loads(run_lineage(*args, "--json", status=status).stdout)
        assert record["rule"] == made.rule
        words = run_lineage(*args, status=status).stdout
        assert made.rule in words
        assert (MECHANISMS[made.mechanism] if made.mechanism else str(made.reason)) in words


def test_a_decision_is_explained() -> None:
    result = run_lineage("plan", "--state", "online", "--memory", "external", "--disk", "external")
    assert result.stdout == (
        "allowed (2012, row 25)\n"
        "memory: external\n"
        "disk: external\n"
        "how: migrate+transaction: qemu writes the memory to its file, as a migration would,"
        " and puts overlays on all disks at that moment\n"
    )


def test_a_refusal_is_explained() -> None:
    args = ("plan", "--state", "offline", "--disk", "internal", "--disk", "no")
    result = run_lineage(*args, "--profile", "qemu-9.0", status=1)
    assert result.stdout == (
        "refused (qemu-9.0, several disks): unsupported (every disk internal)\n"
        "why: disk 2: the snapshot is an internal one, so every disk has to be internal; none can"
        " be left out or external\n"
    )


def test_a_difference_names_what_was_asked_and_both_outcomes() -> None:
    result = run_lineage("plan", "--diff", "qemu-9.0", "qemu-11.3")
    assert result.stdout == (
        "offline  mem=omit  disk=ext   disk-only=off\n"
        "    qemu-9.0   unsupported (every disk internal)\n"
        "    qemu-11.3  mem=no disk=ext, qemu-img (and no <memory> in the XML)\n"
        "offline  mem=no    disk=ext   disk-only=off\n"
        "    qemu-9.0   unsupported (every disk internal)\n"
        "    qemu-11.3  mem=no disk=ext, qemu-img\n"
    )


def test_a_profile_does_not_differ_from_itself() -> None:
    assert run_lineage("plan", "--diff", "2012", "2012").stdout == ""
    assert run_lineage("plan", "--diff", "2012", "2012", "--json").stdout == "[]\n"


def test_the_difference_as_json_has_both_sides() -> None:
    args = ("plan", "--diff", "2012", "qemu-9.0", "--json")
    records = json.loads(run_lineage(*args).stdout)
    (online,) = (
        x
        for x in records
        if x["memory"] == "no"
        and x["disk"] == "omit"
        and x["domain"] == "online"
        and not x["disk_only"]
    )
    assert (online["from"]["verdict"], online["to"]["verdict"]) == ("ok", "refused")


DOMAIN = """<domain type='kvm' id='3'><name>web</name><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
<source file='{image}'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><target dev='hda' bus='ide'/></disk></devices></domain>"""
REQUEST = "<domainsnapshot><name>n1</name><disks><disk name='{disk}'/></disks></domainsnapshot>"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The domain and a request that lists its disk; its image is there."""
    image = tmp_path / "web.qcow2"
    image.touch()
    domain, request = tmp_path / "domain.xml", tmp_path / "request.xml"
    domain.write_text(DOMAIN.format(image=image))
    request.write_text(REQUEST.format(disk="vda"))
    return domain, request


def test_a_request_is_planned_disk_by_disk(files: tuple[Path, Path]) -> None:
    result = run_lineage("plan", *files, "--disk-only", "--profile", "qemu-11.3")
    lines = result.stdout.splitlines()
    assert lines[0] == "allowed (qemu-11.3, row 8)"
    assert lines[1:4] == [
        "memory: no",
        f"vda: external, {files[0].parent}/web.n1",
        "hda: no",
    ]


def test_a_request_as_json_names_disks_and_files(files: tuple[Path, Path]) -> None:
    args = ("plan", *files, "--disk-only", "--json")
    record = json.loads(run_lineage(*args).stdout)
    assert record["disks"] == [
        {"name": "vda", "snapshot": "external", "file": f"{files[0].parent}/web.n1"},
        {"name": "hda", "snapshot": "no", "file": None},
    ]


def test_a_domain_with_an_id_runs_unless_told_otherwise(files: tuple[Path, Path]) -> None:
    assert "savevm" in run_lineage("plan", *files).stdout
    assert "qemu-img" in run_lineage("plan", *files, "--state", "offline").stdout


def test_a_refused_request_names_the_disk(files: tuple[Path, Path]) -> None:
    files[1].write_text(REQUEST.format(disk="vdz"))
    result = run_lineage("plan", *files, "--json", status=1)
    record = json.loads(result.stdout)
    assert (record["refused_disk"], record["kind"]) == ("vdz", "invalid")
    assert "disk-unknown" in record["rule"]
    words = run_lineage("plan", *files, status=1).stdout
    assert words.splitlines()[1].startswith("why: vdz: ")


def test_a_file_that_is_no_request_failed(files: tuple[Path, Path]) -> None:
    domain, request = files
    assert "not-a-domain" in run_lineage("plan", request, request, status=3).stderr
    assert "not-a-request" in run_lineage("plan", domain, domain, status=3).stderr
    assert run_lineage("plan", domain, domain.parent / "none", status=4).stderr


def test_a_broken_document_is_named(files: tuple[Path, Path]) -> None:
    domain, request = files
    request.write_text("<domainsnapshot><memory snapshot='x'/></domainsnapshot>")
    told = run_lineage("plan", domain, request, status=3).stderr
    assert str(request) in told
    assert "memory-snapshot-invalid" in told


def test_one_document_may_come_from_standard_input(files: tuple[Path, Path]) -> None:
    domain, request = files
    given = request.read_bytes()
    assert "savevm" in run_lineage("plan", domain, "-", given=given).stdout


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--memory", "no"),
        ("--state", "idle"),
        ("--state", "online", "--disk", "manual"),
        ("--table", "--state", "online"),
        ("--table", "--diff", "2012", "2012"),
        ("--diff", "2012"),
        ("--diff", "2012", "2013"),
        ("--profile", "2013", "--table"),
        ("a",),
        ("a", "b", "c"),
        ("a", "b", "--memory", "no"),
        ("a", "b", "--disk", "no"),
        ("a", "b", "--table"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(args: tuple[str, ...]) -> None:
    run_lineage("plan", *args, status=2)
