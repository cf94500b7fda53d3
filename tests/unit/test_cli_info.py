"""`lineage info`: all that is known of one snapshot, or of one domain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lineage
from tests.unit.cli_samples import DB, NOON, WEB, Run, run_lineage, snapshot, write_archive

MIXED = f"""<domainsnapshot>
  <name>mixed</name>
  <state>running</state>
  <parent><name>top</name></parent>
  <creationTime>{NOON + 180}</creationTime>
  <memory snapshot='external' file='/save/mixed.mem'/>
  <disks>
    <disk name='vda' snapshot='internal'/>
    <disk name='vdb' snapshot='external' type='file'>
      <driver type='qcow2'/>
      <source file='/images/two words.qcow2'/>
    </disk>
    <disk name='vdc' snapshot='no'/>
    <disk name='vdd' snapshot='manual'/>
    <disk name='vde' snapshot='external' type='block'><source dev='/dev/vg/lv'/></disk>
    <disk name='vdf' snapshot='external' type='network'>
      <source protocol='https' name='image.iso'>
        <host name='h'/><cookies><cookie name='id'>hunter2</cookie></cookies>
      </source>
    </disk>
  </disks>
  <domain type='kvm'><name>web</name><uuid>{WEB}</uuid>
    <devices><graphics type='vnc' passwd='hunter2'/></devices></domain>
</domainsnapshot>"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`lineage` with a store that holds the sample archive and a snapshot of many disks."""
    monkeypatch.setenv("LINEAGE_STORE", str(tmp_path / "store.db"))
    run_lineage("import", write_archive(tmp_path / "snapshot"))
    (tmp_path / "mixed.xml").write_text(MIXED)
    run_lineage("import", tmp_path / "mixed.xml")
    return run_lineage


def told(run: Run, *args: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(run("info", "--json", *args).stdout)
    return record


def lines(run: Run, *args: str) -> list[tuple[str, str]]:
    parts = (line.split(":", 1) for line in run("info", *args).stdout.splitlines())
    return [(label, value.strip()) for label, value in parts]


def test_a_snapshot_is_told_in_virshs_words_and_order(run: Run) -> None:
    assert run("info", "web", "mid").stdout.splitlines()[:9] == [
        "Name:           mid",
        "Domain:         web",
        "Current:        no",
        "State:          shutoff",
        "Location:       internal",
        "Parent:         base",
        "Children:       1",
        "Descendants:    2",
        "Metadata:       yes",
    ]
    assert dict(lines(run, "web", "base"))["Parent"] == "-"
    assert dict(lines(run, "web", "top"))["Current"] == "yes"


def test_more_is_told_than_virsh_knows(run: Run) -> None:
    found = dict(lines(run, "web", "mid")[9:])
    assert found["Description"] == "before the upgrade"
    assert found["Created"] == "2012-10-23T13:47:40Z"
    assert found["Secure"] == "yes"
    assert found["Position"].isdigit()
    assert found["Recorded"].endswith("Z")
    assert dict(lines(run, DB, "only"))["Parent missing"] == "yes"


def test_each_disk_is_told_with_its_mode_and_source(run: Run) -> None:
    assert [
        value for label, value in lines(run, "web", "mixed") if label in ("Memory", "Disk")
    ] == [
        "external  /save/mixed.mem",
        "vda  internal",
        'vdb  external  qcow2  "/images/two words.qcow2"',
        "vdc  no",
        "vdd  manual",
        "vde  external  /dev/vg/lv",
        "vdf  external  image.iso",
    ]
    disks = told(run, "web", "mixed")["disks"]
    assert disks[1] == {
        "name": "vdb",
        "snapshot": "external",
        "type": "file",
        "format": "qcow2",
        "source": "/images/two words.qcow2",
    }
    assert [disk["source"] for disk in disks[2:]] == [None, None, "/dev/vg/lv", "image.iso"]


@pytest.mark.parametrize("args", [("web",), ("web", "mixed")])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_password_is_told(run: Run, args: tuple[str, ...], form: tuple[str, ...]) -> None:
    assert "hunter2" in run("show", "web", "mixed").stdout
    assert "hunter2" not in run("info", *args, *form).stdout


def test_json_tells_the_same_with_the_fields_that_the_help_names(run: Run) -> None:
    record = told(run, "web", "mid")
    assert (record["domain"], record["domain_name"], record["name"]) == (WEB, "web", "mid")
    assert (record["children"], record["descendants"], record["parent_missing"]) == (1, 2, False)
    assert record["memory"] == {"snapshot": "no", "file": None}
    assert told(run, DB, "only")["parent_missing"] is True
    text = run("info", "--help").stdout
    words = set(text.replace(",", " ").split())
    for fields in (record, told(run, "web")):
        assert fields.keys() <= words


def test_a_domain_is_told_with_its_first_and_last_event(run: Run, tmp_path: Path) -> None:
    with lineage.Store(tmp_path / "store.db", readonly=True) as store:
        events = list(store.events(0, "web"))
    record = told(run, "web")
    assert record == {
        "domain": WEB,
        "domain_name": "web",
        "snapshots": 4,
        "current": "top",
        "undefined": False,
        "position": events[-1].position,
        "version": len(events),
        "annotations": {},
        "first_recorded_at": events[0].recorded_at,
        "first_recorded": record["first_recorded"],
        "last_recorded_at": events[-1].recorded_at,
        "last_recorded": record["last_recorded"],
    }
    assert lines(run, "web")[:6] == [
        ("Name", "web"),
        ("UUID", WEB),
        ("Snapshots", "4"),
        ("Current", "top"),
        ("Undefined", "no"),
        ("Position", str(events[-1].position)),
    ]


def test_both_can_be_asked_for_as_of_a_moment(run: Run) -> None:
    before = told(run, "web")["position"]
    run("record", "delete", "web", "mid")
    run("record", "undefine", "web")
    assert told(run, WEB)["undefined"] is True
    assert told(run, WEB, "--at", str(before))["snapshots"] == 4
    assert told(run, f"{WEB}@{{{before}}}", "mid") == told(run, WEB, "mid", "--at", str(before))
    run("info", WEB, "mid", status=1)
    run("info", WEB, "--at", "0", status=1)


def test_annotations_are_told_of_both(run: Run, tmp_path: Path) -> None:
    with lineage.Store(tmp_path / "store.db") as store:
        store.annotate(
            "web", {"ticket": "4711", "why\u202e": "before\nthe upgrade"}, snapshot="mid"
        )
        store.annotate("web", {"owner": "mail team"})
    assert [value for label, value in lines(run, "web", "mid") if label == "Annotation"] == [
        "ticket=4711",
        "why\\u202e=before\\x0athe upgrade",
    ]
    assert lines(run, "web")[-1] == ("Annotation", "owner=mail team")
    assert told(run, "web", "mid")["annotations"]["why\u202e"] == "before\nthe upgrade"
    assert told(run, "web")["annotations"] == {"owner": "mail team"}


@pytest.mark.parametrize("args", [("nobody",), ("nobody", "base"), ("web", "nothing")])
def test_what_is_not_there_is_status_1(run: Run, args: tuple[str, ...]) -> None:
    result = run("info", *args, status=1)
    assert result.stdout == ""
    assert result.stderr.startswith("lineage: no ")


def test_hostile_names_stay_on_their_line(run: Run, tmp_path: Path) -> None:
    name = "a\u202eb\u009b31m (missing)"
    text = snapshot(name, name + "x", NOON + 500, description=f"{name}\nState: forged")
    (tmp_path / "hostile.xml").write_text(text, encoding="utf-8")
    run("import", tmp_path / "hostile.xml")
    output = run("info", "web", name).stdout
    assert all(line.isprintable() for line in output.splitlines())
    assert [line for line in output.splitlines() if line.startswith("State:")] == [
        "State:          shutoff"
    ]
    assert told(run, "web", name)["parent"] == name + "x"
