"""``lineage export --redefine``: files, a manifest and a script, there in full or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.errors import Damaged, LineageError, MissingSecrets
from lineage.handback import HandBack
from lineage.script import export_redefine
from lineage.store import Store

from .cli_samples import run_lineage
from .store_samples import NOON, A, body, chain, snapshot

NAMES = ["../up", "$(touch pwned)", "'; touch pwned; '", "-o", "line\nfeed", "`touch pwned`"]
GRAPHICS = "    <devices>\n      <graphics type='vnc' port='5900'/>\n    </devices>\n  </domain>"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.db") as store:
        for xml in chain(*NAMES, active=NAMES[2]):
            store.record(xml)
        yield store


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_files_are_numbered_and_the_manifest_says_which_is_which(
    store: Store, tmp_path: Path
) -> None:
    export_redefine(store, tmp_path / "out", "vm")
    files = contents(tmp_path / "out")
    numbers = [f"{number:04d}.xml" for number in range(1, len(NAMES) + 1)]
    assert sorted(files) == [*numbers, "manifest.json", "redefine.sh"]
    manifest = json.loads(files["manifest.json"])
    assert manifest["domain"] == {"uuid": A, "name": "vm"}
    assert (manifest["position"], manifest["current"]) == (store.head(), NAMES[2])
    assert [(s["file"], s["name"], s["parent"]) for s in manifest["snapshots"]] == list(
        zip(numbers, NAMES, [None, *NAMES], strict=False)
    )
    for each in manifest["snapshots"]:
        assert files[each["file"]] == store.xml("vm", each["name"])
        assert hashlib.sha256(files[each["file"]]).hexdigest() == each["sha256"]


def test_only_the_owner_reads_them_whatever_the_umask(store: Store, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        export_redefine(store, tmp_path / "out", "vm")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert modes.pop("redefine.sh") == 0o700
    assert set(modes.values()) == {0o600}
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


def checkers() -> list[list[str]]:
    """What reads a script without running it, on this machine."""
    shells = [[name, "-n"] for name in ("sh", "dash", "bash", "busybox") if shutil.which(name)]
    linters = [["shellcheck", "-s", "sh"]] if shutil.which("shellcheck") else []
    return [[*c[:1], "sh", *c[1:]] if c[0] == "busybox" else c for c in shells] + linters


@pytest.mark.parametrize("checker", checkers(), ids=" ".join)
def test_the_script_is_one_for_any_posix_shell(
    store: Store, tmp_path: Path, checker: list[str]
) -> None:
    export_redefine(store, tmp_path / "out", "vm")
    done = subprocess.run(
        [*checker, str(tmp_path / "out" / "redefine.sh")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def recording(directory: Path) -> Path:
    """A virsh that has no snapshot, takes any, and writes down its arguments, NUL-terminated."""
    virsh = directory / "virsh"
    virsh.write_text(
        "#!/bin/sh\n"
        f"printf '%s\\0' \"$#\" \"$@\" >>'{directory}/said'\n"
        'case " $* " in *" snapshot-create "*) exit 0 ;; esac\nexit 1\n'
    )
    virsh.chmod(0o700)
    return virsh


def calls(directory: Path) -> list[list[str]]:
    words = (directory / "said").read_bytes().decode().split("\0")[:-1]
    found = []
    while words:
        count = int(words[0])
        found.append(words[1 : count + 1])
        words = words[count + 1 :]
    return found


def test_every_name_reaches_virsh_as_one_word_and_nothing_is_run(
    store: Store, tmp_path: Path
) -> None:
    export_redefine(store, tmp_path / "out", "vm")
    before = contents(tmp_path / "out")
    virsh = recording(tmp_path)
    subprocess.run(
        ["sh", "redefine.sh", "test:///x y"],
        cwd=tmp_path / "out",
        env={**os.environ, "VIRSH": str(virsh)},
        check=True,
        capture_output=True,
    )
    assert contents(tmp_path / "out") == before
    said = calls(tmp_path)
    assert all(words[:3] == ["-q", "-c", "test:///x y"] for words in said)
    made = [words[3:] for words in said if words[3] == "snapshot-create"]
    files = [f"{number:04d}.xml" for number in range(1, len(NAMES) + 1)]
    each = ["snapshot-create", "--domain", A, "--xmlfile"]
    assert made == [
        *([*each, file, "--redefine"] for file in files),
        [*each, "0003.xml", "--redefine", "--current"],  # it has children: once more, at the end
    ]
    asked = [words for words in said if "--snapshotname" in words]
    assert [words[words.index("--snapshotname") + 1] for words in asked] == NAMES


def test_without_an_argument_virsh_decides_where_to(store: Store, tmp_path: Path) -> None:
    export_redefine(store, tmp_path / "out", "vm")
    virsh = recording(tmp_path)
    script = str(tmp_path / "out" / "redefine.sh")
    environment = {**os.environ, "VIRSH": str(virsh), "CDPATH": "/usr"}
    subprocess.run([script], cwd="/", env=environment, check=True, capture_output=True)
    assert all(words[0] == "-q" and "-c" not in words for words in calls(tmp_path))
    subprocess.run([script, "a", "b"], env=environment, check=False, capture_output=True)
    assert subprocess.run([script, "a", "b"], capture_output=True, check=False).returncode == 2


def test_a_leaf_that_is_current_is_defined_last_and_at_once(tmp_path: Path) -> None:
    with Store(tmp_path / "store.db") as store:
        store.record(snapshot("root"))
        store.record(snapshot("early", "root", NOON + 1), current=True)
        store.record(snapshot("late", "root", NOON + 2))
        plan = export_redefine(store, tmp_path / "out", "vm")
    assert [step.name for step in plan.steps] == ["root", "late", "early"]
    script = (tmp_path / "out" / "redefine.sh").read_text()
    assert "item 0003.xml 0001.xml 'early' --current\ncurrent 0003.xml 'early'\n" in script


def test_a_document_known_to_lack_its_passwords_is_refused(tmp_path: Path) -> None:
    path, out = tmp_path / "store.db", tmp_path / "out"
    with Store(path) as store:
        domain = body().replace("  </domain>", GRAPHICS)
        store.record(snapshot("bare", domain=domain), secure=False)
        store.record(snapshot("full", created=NOON + 1, domain=domain), secure=True)
        with pytest.raises(MissingSecrets) as refused:
            export_redefine(store, out, "vm")
        assert refused.value.snapshots == ("bare",)
    done = run_lineage("export", "vm", "--redefine", out, "--store", path, status=4)
    assert "the document of 'bare' was dumped without its passwords" in done.output
    assert not out.exists()
    run_lineage(
        "export", "vm", "--redefine", out, "--store", path, "--allow-missing-secrets", status=0
    )
    assert [s["secure"] for s in json.loads((out / "manifest.json").read_text())["snapshots"]] == [
        "no",
        "yes",
    ]


def test_what_is_there_is_not_touched(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    for name in ("file", "full"):
        with pytest.raises(LineageError, match="is there already"):
            export_redefine(store, tmp_path / name, "vm")
    (tmp_path / "empty").mkdir()
    export_redefine(store, tmp_path / "empty", "vm")
    assert (tmp_path / "empty" / "redefine.sh").exists()


@pytest.mark.parametrize("there", [True, False])
def test_an_export_that_fails_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    def damaged(plan: HandBack, step: object) -> bytes:
        if step is plan.steps[3]:
            raise Damaged("flipped")
        return b"<domainsnapshot/>"

    monkeypatch.setattr(HandBack, "xml", damaged)
    out = tmp_path / "out"
    if there:
        out.mkdir()
    with pytest.raises(Damaged):
        export_redefine(store, out, "vm")
    assert out.exists() is there
    assert not there or contents(out) == {}


def test_of_ten_thousand_files_names_have_one_length(tmp_path: Path) -> None:
    with Store(tmp_path / "store.db") as store:
        with store.batch(A) as batch:
            for number in range(10_000):
                batch.record(snapshot(f"s{number}", f"s{number - 1}" if number else None))
        export_redefine(store, tmp_path / "out", A)
    names = sorted(path.name for path in (tmp_path / "out").glob("*.xml"))
    assert (names[0], names[-1]) == ("00001.xml", "10000.xml")
    text = (tmp_path / "out" / "redefine.sh").read_text()
    assert re.findall(r"^item (\S+) (\S+)", text, re.MULTILINE)[9999] == ("10000.xml", "09999.xml")


def test_a_domain_without_snapshots_makes_no_files(store: Store, tmp_path: Path) -> None:
    store.undefine("vm")
    done = run_lineage(
        "export", A, "--redefine", tmp_path / "out", "--store", tmp_path / "store.db", status=1
    )
    assert "no snapshots to export" in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "args",
    [
        ["vm"],
        ["vm", "--to", "a", "--redefine", "b"],
        ["--redefine", "b"],
        ["vm", "vm", "--redefine", "b"],
        ["vm", "--to", "a", "--allow-missing-secrets"],
    ],
)
def test_wrong_usage_is_said(store: Store, tmp_path: Path, args: list[str]) -> None:
    run_lineage("export", *args, "--store", tmp_path / "store.db", status=2)
