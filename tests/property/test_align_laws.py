"""Laws of aligning a snapshot's disks with its domain's."""

from __future__ import annotations

from typing import Final

from hypothesis import assume, given
from hypothesis import strategies as st

from lineage.errors import AlignmentError
from lineage.model import Disk, Head, Node
from lineage.rules.align import align, default_location
from lineage.rules.disks import DomainDisk

LOCATIONS: Final = ("no", "internal", "external", "manual")
PATHS: Final = (None, "/i/a.img", "/i/a.qcow2", "/i/b", "/i.d/c")

owners = st.lists(
    st.builds(
        lambda target, path, says, readonly: DomainDisk(
            target=target,
            path=path,
            snapshot=says or ("no" if readonly else None),
            readonly=readonly,
            empty=path is None,
        ),
        st.sampled_from(["vda", "vdb", "vdc", "sda", "hda"]),
        st.sampled_from(PATHS),
        st.sampled_from([None, None, *LOCATIONS]),
        st.booleans(),
    ),
    unique_by=lambda owner: owner.target,
    max_size=5,
)
Case = tuple[list[Disk], list[DomainDisk], str]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Listed disks, mostly such as are not refused, those of the domain, and the default."""
    of_domain = draw(owners)
    default = draw(st.sampled_from(["internal", "external"]))
    meant = draw(st.lists(st.sampled_from(of_domain), unique=True)) if of_domain else []
    others = [None, *LOCATIONS] if default == "external" else [None, "internal"]
    requested = [_listed(draw, owner, draw(st.sampled_from(others))) for owner in meant]
    if draw(st.integers(0, 9)) == 0:
        requested.append(Disk("vda", draw(st.sampled_from(LOCATIONS))))
    return requested, of_domain, default


def _listed(draw: st.DrawFn, owner: DomainDisk, says: str | None) -> Disk:
    path = draw(st.sampled_from([None, None, "/o/x", "/i/a.S"])) if says == "external" else None
    return Disk(owner.target, says, "file", source=path and Node({"file": path}))


def tried(
    requested: list[Disk], of_domain: list[DomainDisk], default: str
) -> tuple[Disk, ...] | None:
    """The aligned disks, None if they are refused."""
    try:
        return align(requested, of_domain, default, "S", regular=lambda path: True)
    except AlignmentError:
        return None


def granted(requested: list[Disk], of_domain: list[DomainDisk], default: str) -> tuple[Disk, ...]:
    """The aligned disks of what is not refused."""
    aligned = tried(requested, of_domain, default)
    assume(aligned is not None)
    return aligned or ()


@given(cases())
def test_every_disk_of_the_domain_comes_once_and_in_its_order(case: Case) -> None:
    requested, of_domain, default = case
    aligned = granted(requested, of_domain, default)
    assert [disk.name for disk in aligned] == [owner.target for owner in of_domain]
    assert all(disk.snapshot in LOCATIONS for disk in aligned)


@given(cases())
def test_the_order_of_the_request_decides_nothing(case: Case) -> None:
    requested, of_domain, default = case
    aligned = tried(requested, of_domain, default)
    assert tried(requested[::-1], of_domain, default) == aligned


@given(cases())
def test_aligned_disks_stay_as_they_are_where_external_is_the_default(case: Case) -> None:
    requested, of_domain, _ = case
    aligned = granted(requested, of_domain, "external")
    assert tried(list(aligned), of_domain, "external") == aligned


@given(cases())
def test_redefining_aligned_disks_changes_nothing_unless_the_domain_left_one_out(
    case: Case,
) -> None:
    """What is not listed may be left out beside internal disks; listed so, it is refused."""
    requested, of_domain, default = case
    aligned = granted(requested, of_domain, default)
    again = tried(list(aligned), of_domain, default_location(Head("S", disks=aligned)))
    pairs = zip(aligned, of_domain, strict=True)
    left_out = [
        disk
        for disk, owner in pairs
        if disk.snapshot == "manual" or (disk.snapshot == "no" and owner.snapshot != "no")
    ]
    external = any(disk.snapshot == "external" for disk in aligned)
    assert again == (None if left_out and not external else aligned)


@given(cases())
def test_what_is_external_has_a_file_that_no_earlier_disk_has_if_made_up(case: Case) -> None:
    requested, of_domain, default = case
    aligned = granted(requested, of_domain, default)
    given_paths = {disk.path for disk in requested}
    for place, disk in enumerate(aligned):
        assert (disk.path is not None) == (disk.snapshot == "external")
        if disk.path is not None and disk.path not in given_paths:
            assert disk.path.endswith(".S")
            assert disk.path not in [other.path for other in aligned[:place]]


@given(cases())
def test_the_file_system_is_asked_only_about_images_whose_name_is_made_up(case: Case) -> None:
    requested, of_domain, default = case
    asked: list[str] = []

    def regular(path: str) -> bool:
        asked.append(path)
        return True

    granted(requested, of_domain, default)
    aligned = align(requested, of_domain, default, "S", regular=regular)
    own = {disk.name for disk in requested if disk.path}
    pairs = zip(aligned, of_domain, strict=True)
    assert asked == [owner.path for disk, owner in pairs if disk.path and disk.name not in own]
