"""Values that libvirt spells its own way while the canonicalizer leaves them as they are.

PARENT/NAME@attribute, or PARENT/NAME for the text. No other value may differ.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SPELLED"]

_WHY: Final = {
    "another element, a default or the driver has a say": """
        domain/currentMemory domain/vcpu@current graphics/listen@type video/model@vram
        devices/disk@type
        """,
    "one element alone decides, but there is no rule for it": """
        cache/size@unit controller/target@port devices/filesystem@dmode devices/filesystem@fmode
        disk/boot@loadparm filesystem/boot@loadparm filesystem/source@units
        filesystem/source@usage hostdev/boot@loadparm interface/boot@loadparm
        launchSecurity/policy metadata_cache/max_size metadata_cache/max_size@unit
        redirfilter/usbdev@product redirfilter/usbdev@vendor redirfilter/usbdev@version shmem/size
        shmem/size@unit virtualport/parameters@instanceid virtualport/parameters@interfaceid
        """,
    "one element alone decides": """
        auth/secret@uuid backend/encryption@secret controller/address@slot controller/pcihole64
        controller/pcihole64@unit cputune/emulatorpin@cpuset cputune/iothreadpin@cpuset
        cputune/vcpupin@cpuset disk/address@slot domain/currentMemory@unit domain/genid
        domain/maxMemory domain/maxMemory@unit domain/memory domain/memory@unit domain/vcpu@cpuset
        encryption/secret@uuid filesystem/address@slot filesystem/space_hard_limit
        filesystem/space_hard_limit@unit hostdev/address@slot hpt/maxpagesize hpt/maxpagesize@unit
        hugepages/page@nodeset hugepages/page@size hugepages/page@unit
        interconnects/bandwidth@unit interconnects/bandwidth@value interface/address@slot
        interface/mac@address memballoon/address@slot memory/uuid memtune/hard_limit
        memtune/hard_limit@unit memtune/min_guarantee memtune/min_guarantee@unit
        memtune/soft_limit memtune/soft_limit@unit memtune/swap_hard_limit
        memtune/swap_hard_limit@unit numa/cell@memory numa/cell@unit numatune/memory@nodeset
        nvram/address@reg rng/address@slot sound/address@slot source/address@slot
        source/address@uuid source/nodemask target/size target/size@unit tcg/tb-cache
        tcg/tb-cache@unit video/address@slot vsock/address@slot watchdog/address@slot
        """,
}
SPELLED: Final = frozenset(place for text in _WHY.values() for place in text.split())
