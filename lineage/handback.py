"""What has to be redefined, and in which order, to give a domain its snapshots back.

A parent has to be there before its children, whatever the snapshots are called and whenever they
were made, and the current snapshot is made current last: who is interrupted has not lost it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lineage import documents
from lineage.canon import secrets
from lineage.errors import MissingSecrets
from lineage.model import Secure
from lineage.store import Store
from lineage.tree import Tree, TreeNode
from lineage.views import At

__all__ = ["HandBack", "Step", "hand_back", "refuse_without_secrets"]


class Step(msgspec.Struct, frozen=True):
    """One snapshot to be redefined.

    Attributes:
        number: from 1.
        node: the snapshot.
        parent: number of its parent's step; None: a root, or its parent is missing.
        current: make it current while redefining it.
        lacks: its document was dumped without its passwords, and has places for some.
    """

    number: int
    node: TreeNode
    parent: int | None
    current: bool
    lacks: bool

    @property
    def name(self) -> str:
        """The snapshot's name."""
        return self.node.name


class HandBack(msgspec.Struct, frozen=True):
    """How to give a domain its snapshots back.

    Attributes:
        tree: the domain's snapshots then.
        steps: parents first.
        again: the step to be done once more at the end, which makes its snapshot current: that
            one has children. None: the last step does it, or no snapshot was current.
    """

    store: Store
    tree: Tree
    steps: list[Step]
    again: Step | None

    def xml(self, step: Step) -> bytes:
        """The document of a step, without ``<active>``.

        Raises:
            Damaged: it is not what was recorded.
        """
        return documents.document(self.store.log, step.node)

    def digest(self, step: Step) -> bytes:
        """SHA-256 of that document."""
        return documents.digest(self.store.log, step.node)


def hand_back(store: Store, domain: str, at: At | None = None) -> HandBack:
    """Plan to give a domain its snapshots back as they were at a moment.

    Snapshots whose parent is missing, or that are in a cycle, have a step like any other:
    libvirt will refuse the first of them, and with it what is below.

    Raises:
        NotFound, Ambiguous, ValueError: see `Store.tree`.
        Damaged: what is stored is not what was recorded.
    """
    tree = store.tree(domain, at)
    ordered = tree.topological()
    current = None if tree.current is None else tree[tree.current]
    leaf = current is not None and not tree.children(current.name)
    if current is not None and leaf:
        ordered = [node for node in ordered if node.name != current.name] + [current]
    numbers: dict[str, int] = {}
    steps: list[Step] = []
    for number, node in enumerate(ordered, 1):
        parent = None if node.parent is None else numbers.get(node.parent)
        steps.append(Step(number, node, parent, leaf and node is ordered[-1], _lacks(store, node)))
        numbers[node.name] = number
    again = None if current is None or leaf else steps[numbers[current.name] - 1]
    return HandBack(store, tree, steps, again)


def _lacks(store: Store, node: TreeNode) -> bool:
    if node.definition.secure is not Secure.NO:
        return False
    return secrets.may_lack(documents.document(store.log, node))


def refuse_without_secrets(steps: Sequence[Step]) -> None:
    """Refuse steps whose documents are known to lack their passwords.

    Raises:
        MissingSecrets: some are.
    """
    lacking = tuple(step.name for step in steps if step.lacks)
    if lacking:
        raise MissingSecrets(lacking)
