"""The live tests' own ground: a child that may die, and a libvirt that may be missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .libvirt_child import Died, LiveLibvirt, Refused

HERE = Path(__file__).parent


@pytest.mark.live
def test_a_child_that_died_is_reported_and_replaced() -> None:
    live = LiveLibvirt()
    try:
        first = live.call("open")
        assert live._child is not None
        live._child.kill()
        with pytest.raises(Died, match="domain_xml: exit status -9"):
            live.call("domain_xml")
        assert f"<uuid>{first}</uuid>" in live.call("domain_xml")
    finally:
        live.close()


@pytest.mark.live
def test_an_error_of_libvirt_keeps_its_numbers(live: LiveLibvirt) -> None:
    live.call("open")
    with pytest.raises(Refused, match="nobody") as refused:
        live.call("xml", "nobody")
    assert refused.value.code == 72  # VIR_ERR_NO_DOMAIN_SNAPSHOT


@pytest.mark.live
def test_a_fresh_world_has_nothing_of_the_old(live: LiveLibvirt) -> None:
    live.call("open")
    live.call("create", "<domainsnapshot><name>a</name></domainsnapshot>")
    assert live.call("tree")["roots"] == ["a"]
    live.call("open")
    assert live.call("tree")["roots"] == []


def run_without_libvirt(directory: Path, required: str) -> subprocess.CompletedProcess[str]:
    (directory / "libvirt.py").write_text("raise ImportError('no libvirt here')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-k", "deleting_any"]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", str(HERE / "test_fold_live.py")],
        cwd=HERE.parent.parent,
        env={**os.environ, "PYTHONPATH": str(directory), "LINEAGE_REQUIRE_LIVE": required},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_libvirt_live_tests_wait_and_say_so(tmp_path: Path) -> None:
    done = run_without_libvirt(tmp_path, "")
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert " live libvirt tests wait for `make live-deps`" in done.stdout
    assert "skipped" not in done.stdout


def test_without_a_required_libvirt_live_tests_fail(tmp_path: Path) -> None:
    done = run_without_libvirt(tmp_path, "1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "ImportError: no libvirt here" in done.stdout
