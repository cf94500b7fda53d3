"""Counting instructions: what is read of callgrind's files, and what is said of a change."""

from __future__ import annotations

import pytest

from benchmarks.instructions import Record, Run, compare, moved, read_profile

PROFILE = """\
# callgrind format
version: 1
positions: line
events: Ir
fl=(1) scan.c
fn=(1) lx_scan_tag
10 100
+2 20
fi=(2) buffer.h
7 5
cfi=(3) text.c
cfn=(2) lx_text_decode
calls=3 40
12 900
fe=(1)
* 1

fl=(3)
fn=(2)
40 880
fl=(1)
fn=(1)
11 4
"""


def record(total: float, *, compiler: str = "cc 1", **functions: float) -> Record:
    run = Run(total, functions)
    return Record("make", {"compiler": compiler}, 1, {"canonical": run})


def test_a_function_has_its_own_instructions_and_not_those_of_what_it_calls() -> None:
    found = read_profile(PROFILE.splitlines())
    assert found == {"lx_scan_tag": 130, "lx_text_decode": 880}


def test_more_instructions_than_the_tolerance_are_a_regression(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compare(record(1000, scan=600, write=400), record(1030, scan=630, write=400)) == 1
    said = capsys.readouterr().out
    assert "MORE" in said
    assert "scan" in said
    assert "write" not in said


@pytest.mark.parametrize("total", [500, 1000, 1019])
def test_fewer_or_about_as_many_are_none(total: float) -> None:
    assert compare(record(1000), record(total)) == 0


def test_counts_of_another_compiler_are_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(record(1000), record(9000, compiler="cc 2")) == 2
    assert "another setting" in capsys.readouterr().out


def test_functions_that_came_and_went_have_moved_the_most_first() -> None:
    before = Run(1000, {"old": 100, "same": 500})
    now = Run(1000, {"new": 90, "same": 501})
    assert moved(before, now) == [("old", 100, 0), ("new", 0, 90)]
