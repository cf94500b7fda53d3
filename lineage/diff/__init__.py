"""What differs between two documents, path by path, or as lines of text.

A path begins below the root: ``/domain/devices/disk[vda]/source/@file``. Elements of a list are
told apart, and found again in the other document, by what libvirt tells them apart by (a disk by
its target, an interface by its address...), others of one name by their position. An element that
lacks its natural key is told by its number among those (``interface[#1]``). Where key or name is
that of an earlier sibling, the second has ``[2]``.

Secrets are shown as ``***`` in everything that comes from here.
"""

from __future__ import annotations

from lineage.diff.changes import Change, changes
from lineage.diff.unified import unified

__all__ = ["Change", "changes", "unified"]
