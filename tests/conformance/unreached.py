"""Contexts of order.toml that no snapshot of libvirt 9.0's test driver prints, and why."""

from __future__ import annotations

from typing import Final

__all__ = ["UNREACHED"]

_WHY: Final = {
    "a domain's status file or a running domain alone": """
        TLSx509 actual allowReboot base bitmap blockjob blockjobs chains channelTargetDir create
        diskSecretsPlacement domstatus fdset fdsets flag job libDir memoryBackingDir migParams
        migrationSource mirror namespaces nbdkit nodename nodenames numad objects origstates param
        privateData qemuCaps qom src store taint tempBlockDirtyBitmaps thresholdEvent top topparent
        """,
    "another document: a backup, a checkpoint": "backups domainbackup domaincheckpoint scratch",
    "the CPU of a host": "counter signature",
    "another driver's namespace": """
        bhyve:arg bhyve:commandline lxc:namespace lxc:shareipc lxc:sharenet lxc:shareuts qemu:add
        qemu:arg qemu:capabilities qemu:commandline qemu:del qemu:deprecation qemu:device qemu:env
        qemu:frontend qemu:override qemu:property xen:arg xen:commandline""",
    "libvirt newer than 9.0": """
        aia async-teardown crypto dataStore emsr_bitmap energytune extended iommufd knownHosts
        openfiles poll profile ps2 pstore queue quoteGenerationService ras statistic statistics
        throttlefilter throttlefilters throttlegroup throttlegroups varstore xmm_input""",
}
UNREACHED: Final = {context: why for why, text in _WHY.items() for context in text.split()}
