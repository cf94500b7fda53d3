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
}
SPELLED: Final = frozenset(place for text in _WHY.values() for place in text.split())
