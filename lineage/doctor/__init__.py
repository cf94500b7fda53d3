"""What is wrong with domains' snapshots, and what would repair it.

`lineage.check` looks for damage to a store; what is found here was recorded well, and is wrong all
the same: libvirt would refuse it, or somebody may lose data over it.
"""

from __future__ import annotations

from lineage.doctor.examining import examine, examine_documents
from lineage.doctor.finding import CODES, Finding
from lineage.doctor.repairing import repair

__all__ = ["CODES", "Finding", "examine", "examine_documents", "repair"]
