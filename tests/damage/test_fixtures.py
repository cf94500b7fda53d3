"""What is wrong with a store is found by `check`, named by its code, and never read as right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lineage import Damaged, NotAStore, NotFound, Store
from lineage.check import CODES, Finding
from tests.damage.answers import Question, questions
from tests.damage.fixtures import FIXTURES, Fixture, hurt, make
from tests.damage.sample import build

Answers = dict[str, tuple[Question, Any]]

by_name = pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)
readable = pytest.mark.parametrize(
    "fixture", [each for each in FIXTURES if each.opens], ids=lambda fixture: fixture.name
)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "s.db"
    build(path)
    return path


@pytest.fixture(scope="module")
def answers(good: Path) -> Answers:
    with Store(good, readonly=True) as store:
        return {name: (ask, ask(store)) for name, ask in questions(store).items()}


@pytest.fixture
def damaged(good: Path, tmp_path: Path) -> Callable[[Fixture], Path]:
    def made(fixture: Fixture) -> Path:
        path = tmp_path / "d.db"
        make(good, path, fixture)
        return path

    return made


def test_nothing_is_found_in_a_good_store(good: Path) -> None:
    with Store(good, readonly=True) as store:
        assert list(store.check()) == []


@by_name
def test_damage_is_found_and_named_while_the_store_is_open(
    fixture: Fixture, good: Path, tmp_path: Path
) -> None:
    path = tmp_path / "d.db"
    path.write_bytes(good.read_bytes())
    with Store(path) as store:
        if fixture.damage is not None:
            hurt(path, fixture)
        elif fixture.alters is not None:
            content = bytearray(path.read_bytes())
            fixture.alters(content)
            path.write_bytes(content)
        else:
            fixture.appends(store.log)
        if not fixture.codes:
            with pytest.raises(Damaged, match=path.name):
                list(store.check())
            return
        findings = list(store.check())
    assert {each.code for each in findings} == fixture.codes
    for finding in findings:
        assert finding.severity == CODES[finding.code][0]


@by_name
def test_damage_is_found_and_named_in_a_file(
    fixture: Fixture, damaged: Callable[[Fixture], Path]
) -> None:
    path = damaged(fixture)
    if fixture.opens:
        with Store(path, readonly=True) as store:
            assert {finding.code for finding in store.check()} == fixture.codes
    else:
        with pytest.raises((Damaged, NotAStore)):
            Store(path, readonly=True)


@readable
def test_every_part_of_a_damaged_store_together_is_the_whole(
    fixture: Fixture, damaged: Callable[[Fixture], Path]
) -> None:
    with Store(damaged(fixture), readonly=True) as store:
        whole = set(store.check())
        parts: set[Finding] = set()
        for number in range(1, 5):
            parts |= set(store.check((number, 4)))
        assert {each.code for each in parts} == {each.code for each in whole}
        assert whole <= parts


@readable
def test_what_is_damaged_is_never_read_as_right(
    fixture: Fixture, damaged: Callable[[Fixture], Path], answers: Answers
) -> None:
    found = 0
    with Store(damaged(fixture), readonly=True) as store:
        if fixture.appends is not None and fixture.reads:
            with pytest.raises(Damaged):
                _everything(store)
            return
        for name, (ask, right) in answers.items():
            try:
                answer = ask(store)
            except Damaged:
                found += 1
            except NotFound:
                assert fixture.reads is None, name
            else:
                assert answer == right or fixture.reads is None, name
    assert fixture.reads is None or bool(found) == fixture.reads


def _everything(store: Store) -> None:
    for info in store.domains():
        for name in store.tree(info.stream):
            store.xml(info.stream, name)


def test_damage_in_one_domain_hides_no_other(
    good: Path, damaged: Callable[[Fixture], Path]
) -> None:
    """Of all domains but the damaged one `check` looks at every event."""
    fixture = next(each for each in FIXTURES if each.name == "an event is of another kind")
    with Store(good) as store:
        events = list(store.log.read())
    stream = events[4].stream
    with Store(damaged(fixture)) as store:
        seen = [each for each in store.log.verify() if not hasattr(each, "code")]
        (finding,) = store.check()
    assert [event for event in seen if event.stream != stream] == [
        event for event in events if event.stream != stream
    ]
    assert (finding.code, finding.domain, finding.version) == ("broken-chain", stream, 1)


def test_fixtures_are_called_differently() -> None:
    assert len({fixture.name for fixture in FIXTURES}) == len(FIXTURES)
    assert frozenset(CODES) == frozenset().union(*(f.codes for f in FIXTURES))
