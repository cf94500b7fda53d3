"""`lineage bundle`: from one store to another on the command line."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import lineage
from tests.unit.bundle_samples import hashes
from tests.unit.cli_samples import DB, NOON, WEB, run_lineage, snapshot, write_archive

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A store with two domains."""
    path = tmp_path / "here"
    run_lineage("import", write_archive(tmp_path / "archive"), "--store", path)
    return path


def create(store: Path, *args: str | Path, status: int = 0) -> str:
    return run_lineage("bundle", "create", *args, "--store", store, status=status).output


def apply(store: Path, file: Path, *args: str, status: int = 0) -> str:
    return run_lineage("bundle", "apply", file, "--store", store, *args, status=status).output


def test_a_domain_goes_from_one_store_to_another_that_is_made(here: Path, tmp_path: Path) -> None:
    file, there = tmp_path / "file", tmp_path / "there"
    assert (
        create(here, "web", "--to", file) == f"4 events of 1 domains in {file}, up to position 5\n"
    )
    with lineage.Store(here) as store:
        last = hashes(store, WEB)[-1].hex()
    verified = run_lineage("bundle", "verify", file).output
    assert verified == f"{WEB}  web  0..4  {last}\n"
    assert apply(there, file) == f"{WEB}  0..4\n4 events added to 1 domains\n"
    assert apply(there, file) == "0 events added to 1 domains\n"
    trees = [run_lineage("tree", "web", "--store", store).output for store in (here, there)]
    assert trees[0] == trees[1]
    shown = [run_lineage("show", "web", "mid", "--store", store).output for store in (here, there)]
    assert shown[0] == shown[1]


def test_the_next_bundle_begins_where_the_last_one_ended(here: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    first = json.loads(create(here, "--to", tmp_path / "1", "--json"))
    apply(there, tmp_path / "1")
    run_lineage("record", "rename", "web", "mid", "middle", "--store", here)
    since = str(first["position"])
    create(here, "--to", tmp_path / "2", "--since", since)
    assert apply(there, tmp_path / "2") == f"{WEB}  4..5\n1 events added to 1 domains\n"
    with lineage.Store(here) as one, lineage.Store(there) as other:
        assert hashes(one, WEB) == hashes(other, WEB)


def test_json_names_every_field(here: Path, tmp_path: Path) -> None:
    file, there = tmp_path / "file", tmp_path / "there"
    made = json.loads(create(here, "--to", file, "--json"))
    with lineage.Store(here) as store:
        ends = {s: hashes(store, s)[-1].hex() for s in (DB, WEB)}
    domains = [
        {"domain": DB, "name": "db", "after": 0, "version": 1, "hash": ends[DB]},
        {"domain": WEB, "name": "web", "after": 0, "version": 4, "hash": ends[WEB]},
    ]
    domains.sort(key=lambda each: [d["domain"] for d in made["domains"]].index(each["domain"]))
    assert made == {"file": str(file), "position": 5, "domains": domains}
    verified = json.loads(run_lineage("bundle", "verify", file, "--json").output)
    assert verified == {"file": str(file), "domains": domains}
    applied = json.loads(apply(there, file, "--json"))
    assert applied == {
        "file": str(file),
        "events": 5,
        "domains": [
            {"domain": each["domain"], "before": 0, "version": each["version"]} for each in domains
        ],
    }


def test_nothing_since_is_no_file_and_status_1(here: Path, tmp_path: Path) -> None:
    said = create(here, "--to", tmp_path / "file", "--since", "5", status=1)
    assert said == "lineage: no events to carry\n"
    assert not (tmp_path / "file").exists()


def test_a_flipped_bit_is_status_5_and_a_rewind_and_another_history_are_status_4(
    here: Path, tmp_path: Path
) -> None:
    file, there = tmp_path / "file", tmp_path / "there"
    create(here, "web", "--to", file)
    apply(there, file)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    (tmp_path / "flipped").write_bytes(data)
    run_lineage("bundle", "verify", tmp_path / "flipped", status=5)
    assert "flipped" in apply(there, tmp_path / "flipped", status=5)
    run_lineage("record", "rename", "web", "mid", "middle", "--store", there)
    said = json.loads(apply(there, file, "--json", status=4))["error"]
    assert (said["code"], said["actual"]) == ("conflict", 5)
    assert "a rewind" in said["message"]
    run_lineage("record", "rename", "web", "mid", "other", "--store", here)
    create(here, "web", "--to", tmp_path / "diverged")
    assert "another history" in apply(there, tmp_path / "diverged", status=4)
    with lineage.Store(there) as store:
        assert store.log.version(WEB) == 5


def test_a_file_that_is_there_is_left_alone_and_one_that_is_no_bundle_makes_no_store(
    here: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert "is there already" in create(here, "--to", tmp_path / "mine", status=4)
    assert (tmp_path / "mine").read_text() == "mine"
    apply(tmp_path / "there", tmp_path / "missing", status=2)
    apply(tmp_path / "there", tmp_path / "mine", status=5)
    assert not (tmp_path / "there").exists()


def test_a_hostile_name_is_shown_as_what_it_is(tmp_path: Path) -> None:
    archive = tmp_path / "archive" / "web"
    archive.mkdir(parents=True)
    name = "\u202eweb db"
    (archive / "a.xml").write_text(snapshot("a", None, NOON, domain=name), encoding="utf-8")
    run_lineage("import", tmp_path / "archive", "--store", tmp_path / "store")
    create(tmp_path / "store", "--to", tmp_path / "file")
    shown = run_lineage("bundle", "verify", tmp_path / "file").output
    assert '"\\u202eweb db"' in shown
    assert "\u202e" not in shown


def test_a_terminal_is_told_how_far_it_is(here: Path, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "lineage", "bundle", "create", "--to", "file"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LINEAGE_STORE": str(here)}
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=follower, check=True
    )
    os.close(follower)
    told = os.read(leader, 10_000).decode()
    os.close(leader)
    assert "bundling: 100 %" in told
    assert done.stdout.endswith(b"up to position 5\n")
