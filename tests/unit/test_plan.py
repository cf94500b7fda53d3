"""What becomes of a request for a snapshot: the tables, and several disks."""

from __future__ import annotations

from itertools import product

import pytest

import lineage
from lineage.rules.plan import MECHANISMS, REASONS, plan, plans
from lineage.rules.plan_table import COMBINATIONS, LOCATIONS, PROFILES, STATES, lookup


def test_there_are_64_combinations() -> None:
    assert len(set(COMBINATIONS)) == 64
    assert set(COMBINATIONS) == set(product(STATES, LOCATIONS, LOCATIONS, (False, True)))


@pytest.mark.parametrize("profile", PROFILES)
def test_the_rows_of_a_table_hold_each_combination_once(profile: str) -> None:
    held = [each for row in PROFILES[profile] for each in row.combinations()]
    assert sorted(held) == sorted(COMBINATIONS)


def test_the_commit_has_25_rows() -> None:
    assert [row.number for row in PROFILES["2012"]] == list(range(1, 26))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_row_has_the_number_of_the_commits_row_about_the_same(profile: str) -> None:
    numbers = {each: lookup("2012", each).number for each in COMBINATIONS}
    for row in PROFILES[profile]:
        assert {numbers[each] for each in row.combinations()} == {row.number}


def test_the_newer_profiles_differ_in_one_row() -> None:
    older, newer = plans("qemu-9.0"), plans("qemu-11.3")
    changed = [new for old, new in zip(older, newer, strict=True) if old.verdict != new.verdict]
    assert {each.rule for each in changed} == {"qemu-11.3, row 5"}
    assert {(each.memory, each.unsaid) for each in changed} == {("omit", True), ("no", False)}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_plan_is_whole(profile: str) -> None:
    for made in plans(profile):
        saved = (made.result_memory, made.result_disk, made.mechanism)
        if made.verdict == "ok":
            assert None not in saved
            assert made.mechanism in MECHANISMS
            assert (made.kind, made.reason) == (None, None)
        else:
            assert saved == (None, None, None)
            assert made.kind in ("invalid", "unsupported")
            assert made.reason in REASONS
        assert made.rule.startswith(f"{profile}, row ")


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_saved_is_what_was_asked_for(profile: str) -> None:
    for made in plans(profile):
        if made.verdict == "ok":
            assert made.memory in ("omit", made.result_memory)
            assert made.disk in ("omit", made.result_disk)
            assert not (made.disk_only and made.result_memory != "no")
            assert not (made.state == "offline" and made.result_memory != "no")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_mechanism_saves_what_it_can_save(profile: str) -> None:
    places = {
        "qemu-img": {("no", "internal"), ("no", "external")},
        "savevm": {("internal", "internal")},
        "migrate": {("external", "no")},
        "transaction": {("no", "external"), ("no", "default")},
        "migrate+transaction": {("external", "external"), ("external", "default")},
    }
    for made in plans(profile):
        if made.mechanism is not None:
            assert (made.result_memory, made.result_disk) in places[made.mechanism]
            assert (made.mechanism == "qemu-img") == (made.state == "offline")


def test_the_default_is_the_commits_plan() -> None:
    assert lineage.plan(state="online") == plan(state="online", profile="2012")
    assert lineage.plan(state="online").mechanism == "savevm"


@pytest.mark.parametrize("profile", PROFILES)
def test_one_disk_in_a_list_is_that_disk(profile: str) -> None:
    for single in plans(profile):
        assert isinstance(single.disk, str)
        listed = plan(
            state=single.state,
            memory=single.memory,
            disk=[single.disk],
            disk_only=single.disk_only,
            profile=profile,
        )
        assert (listed.verdict, listed.rule) == (single.verdict, single.rule)
        expected = None if single.result_disk is None else (single.result_disk,)
        assert listed.result_disk == expected


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("count", [2, 3])
def test_equal_disks_are_planned_as_one(profile: str, count: int) -> None:
    for state, memory, disk, disk_only in COMBINATIONS:
        single = lookup(profile, (state, memory, disk, disk_only))
        several = plan(
            state=state,
            memory=memory,
            disk=[disk] * count,
            disk_only=disk_only,
            profile=profile,
        )
        assert several.verdict == single.verdict
        assert several.reason == single.reason
        assert set(several.result_disk or ()) == {single.result_disk} - {None}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_order_of_disks_decides_nothing(profile: str) -> None:
    for state, memory, one, disk_only in COMBINATIONS:
        for other in LOCATIONS:
            there = plan(
                state=state,
                memory=memory,
                disk=[one, other],
                disk_only=disk_only,
                profile=profile,
            )
            back = plan(
                state=state,
                memory=memory,
                disk=[other, one],
                disk_only=disk_only,
                profile=profile,
            )
            assert (there.verdict, there.reason) == (back.verdict, back.reason)
            assert (there.result_disk or ())[::-1] == (back.result_disk or ())


def test_one_external_disk_makes_external_what_says_nothing() -> None:
    made = plan(state="offline", disk=["omit", "external", "no"])
    assert made.result_disk == ("external", "external", "no")


def test_beside_an_internal_disk_none_is_left_out() -> None:
    made = plan(state="offline", disk=["omit", "internal", "no"])
    assert (made.verdict, made.reason, made.refused_disk) == ("refused", "every disk internal", 2)


def test_internal_and_external_disks_do_not_mix() -> None:
    made = plan(state="offline", disk=["internal", "external"])
    assert (made.verdict, made.kind) == ("refused", "unsupported")
    assert made.reason == "internal and external disks"


def test_a_disk_that_is_left_out_does_not_empty_a_snapshot() -> None:
    made = plan(state="online", disk=["no", "external"], disk_only=True)
    assert made.result_disk == ("no", "external")


def test_a_plan_without_disks_is_one_with_all_left_out() -> None:
    assert plan(state="offline", disk=[]).reason == "nothing to snapshot"
    assert plan(state="online", memory="external", disk=[]).mechanism == "migrate"


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "running"},
        {"state": "online", "memory": "int"},
        {"state": "online", "disk": "manual"},
        {"state": "online", "disk": ["internal", ""]},
        {"state": "online", "profile": "qemu"},
    ],
)
def test_an_unknown_word_is_an_error(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is none of"):
        plan(**wrong)  # type: ignore[arg-type]
