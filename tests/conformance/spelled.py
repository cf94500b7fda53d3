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
    "it is cut, or its unit overlooked: what was said would be lost": """
        cache/size@unit filesystem/source@units filesystem/source@usage shmem/size shmem/size@unit
        """,
    "how it is written hangs on the type of the element around it": "launchSecurity/policy",
}
SPELLED: Final = frozenset(place for text in _WHY.values() for place in text.split())
