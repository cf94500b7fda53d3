"""Sources of snapshot disks: good ones, and one for every fault that is looked for."""

from __future__ import annotations

import random
from typing import Final

UUID: Final = "5A3B4C5D-0000-1111-2222-333344445555"
ADDRESS: Final = "<address domain='0' bus='1' slot='2' function='0'/>"
NVME: Final = "type='pci' namespace='1'"
SECRET: Final = "<secret type='passphrase' usage='x'/>"
CIPHER: Final = "<cipher name='aes' size='256'/>"


def disk(kind: str, attributes: str = "", inner: str = "", snapshot: str = "") -> str:
    """A disk of type `kind` with such a source."""
    location = snapshot and f" snapshot='{snapshot}'"
    return f"<disk name='vda'{location} type='{kind}'><source {attributes}>{inner}</source></disk>"


def nbd(inner: str) -> str:
    return disk("network", "protocol='nbd' name='n'", inner)


def web(inner: str) -> str:
    return disk("network", "protocol='https' name='n'", inner)


def image(inner: str) -> str:
    return disk("file", "file='/a'", inner)


def luks(inner: str) -> str:
    return image(f"<encryption format='luks'>{inner}</encryption>")


def cookie(inner: str) -> str:
    return web(f"<cookies>{inner}</cookies>")


def user(inner: str) -> str:
    return disk("vhostuser", "type='unix' path='/p'", inner, "no")


def reserved(managed: str, source: str) -> str:
    return image(f"<reservations managed='{managed}'><source {source}/></reservations>")


def sliced(bounds: str) -> str:
    return image(f"<slices><slice type='storage' {bounds}/></slices>")


def pci(address: str) -> str:
    return disk("nvme", NVME, address, "no")


# Code and disk, in libvirt's order of checks within each type.
FAULTS: Final[tuple[tuple[str, str], ...]] = (
    ("disk-protocol-missing", disk("network", "name='n'")),
    ("disk-protocol-invalid", disk("network", "protocol='x' name='n'")),
    ("disk-source-name-missing", disk("network", "protocol='iscsi'")),
    ("disk-source-name-missing", disk("network", "protocol='none'")),
    ("disk-tls-invalid", disk("network", "protocol='nbd' tls='on'")),
    ("disk-tls-invalid", disk("network", "protocol='nbd' tls=''")),
    ("disk-tls-config-invalid", disk("network", "protocol='nbd' tlsFromConfig='0x1'")),
    ("disk-tls-config-invalid", disk("network", "protocol='nbd' tlsFromConfig='2147483648'")),
    ("disk-source-pool-missing", disk("network", "protocol='rbd' name='a'")),
    ("disk-source-pool-missing", disk("network", "protocol='gluster' name='/a/b'")),
    ("disk-source-pool-missing", disk("network", "protocol='gluster' name=''")),
    ("disk-host-transport-invalid", nbd("<host name='h' transport='fd'/>")),
    ("disk-host-transport-invalid", nbd("<host transport='' socket='/s'/>")),
    ("disk-host-socket-missing", nbd("<host name='h' transport='unix'/>")),
    ("disk-host-socket-unsupported", nbd("<host socket='/s'/>")),
    ("disk-host-socket-unsupported", nbd("<host name='h' transport='rdma' socket='/s'/>")),
    ("disk-host-name-missing", nbd("<host name='h'/><host port='x'/>")),
    ("disk-host-port-invalid", nbd("<host name='h' port='7 '/>")),
    ("disk-host-port-invalid", nbd("<host name='h' port='-1' transport='rdma'/>")),
    ("disk-host-port-invalid", nbd("<host name='h' port='65536'/>")),
    ("disk-host-port-invalid", nbd("<host name='h' port=''/>")),
    ("disk-ssl-invalid", web("<ssl verify='on'/>")),
    ("disk-cookie-incomplete", cookie("<cookie>b</cookie>")),
    ("disk-cookie-incomplete", cookie("<cookie name=''>b</cookie>")),
    ("disk-cookie-incomplete", cookie("<cookie name='b b'>c</cookie><cookie name='a'/>")),
    ("disk-cookie-invalid", cookie("<cookie name='a b'>c</cookie>")),
    ("disk-cookie-invalid", cookie("<cookie name='a'>&quot;b</cookie>")),
    ("disk-cookie-invalid", cookie("<cookie name='a'>b;</cookie>")),
    ("disk-cookie-twice", cookie("<cookie name='a'>b</cookie><cookie name='a'>c</cookie>")),
    ("disk-readahead-invalid", web("<readahead size='-1'/>")),
    ("disk-readahead-invalid", web("<readahead/><readahead size='x'/>")),
    ("disk-timeout-invalid", web("<timeout seconds='18446744073709551616'/>")),
    ("disk-source-type-missing", disk("nvme", "namespace='1'", ADDRESS, "no")),
    ("disk-source-type-missing", disk("vhostuser", "path='/p'", "", "no")),
    ("disk-source-type-invalid", disk("nvme", "type='PCI'", ADDRESS, "no")),
    ("disk-source-type-invalid", disk("vhostuser", "type='tcp'", "", "no")),
    ("disk-source-path-missing", disk("vhostuser", "type='unix'", "", "no")),
    ("disk-namespace-missing", disk("nvme", "type='pci'", ADDRESS, "no")),
    ("disk-namespace-invalid", disk("nvme", "type='pci' namespace='' managed='x'", ADDRESS, "no")),
    ("disk-namespace-invalid", disk("nvme", "type='pci' namespace='+-1'", ADDRESS, "no")),
    ("disk-managed-invalid", disk("nvme", NVME + " managed='on'", "", "no")),
    ("disk-address-missing", pci("")),
    ("disk-address-missing", pci("<auth/>")),
    ("disk-address-missing", pci("<address xmlns='u'/>")),
    ("disk-address-invalid", pci("<address bus='1' slot='32'/>")),
    ("disk-address-invalid", pci("<address bus='256'/>")),
    ("disk-address-invalid", pci("<address bus='1' function='8'/>")),
    ("disk-address-invalid", pci("<address bus='09'/>")),
    ("disk-address-invalid", pci("<address bus='0x'/>")),
    ("disk-address-invalid", pci("<address domain='4294967296'/>")),
    ("disk-address-invalid", pci("<address multifunction='yes'/>")),
    ("disk-address-invalid", pci("<address><zpci uid='x'/></address>")),
    (
        "disk-reconnect-invalid",
        user("<reconnect enabled=''/>"),
    ),
    (
        "disk-reconnect-invalid",
        user("<reconnect enabled='yes'/>"),
    ),
    (
        "disk-reconnect-invalid",
        disk(
            "vhostuser", "type='unix' path='/p'", "<reconnect enabled='yes' timeout='4294967296'/>"
        ),
    ),
    ("disk-auth-username-missing", image("<auth type='x'/>")),
    ("disk-auth-username-missing", image("<auth username=''/>")),
    ("disk-auth-type-invalid", image("<auth username='u' type='x'/>")),
    ("disk-auth-secret-missing", image("<auth username='u' type='chap'/>")),
    ("disk-secret-missing", image("<auth username='u'><secret type='ceph'/></auth>")),
    ("disk-secret-twice", image(f"<auth username='u'><secret uuid='{UUID}' usage=''/></auth>")),
    ("disk-secret-uuid-invalid", image("<auth username='u'><secret uuid='x'/></auth>")),
    ("disk-encryption-format-missing", image("<encryption format=''/>")),
    ("disk-encryption-format-invalid", image("<encryption format='x' engine='x'/>")),
    ("disk-encryption-engine-invalid", image("<encryption format='luks' engine='default'/>")),
    ("disk-encryption-secret-type-missing", luks("<cipher/><secret usage='x'/>")),
    ("disk-encryption-secret-type-invalid", luks("<secret type='x' usage='x'/>")),
    ("disk-secret-missing", luks("<secret type='passphrase'/>")),
    ("disk-secret-uuid-invalid", luks(f"{SECRET}<secret type='passphrase' uuid=''/>")),
    ("disk-cipher-name-missing", luks("<cipher/><ivgen/>")),
    ("disk-cipher-size-invalid", luks("<cipher name='aes'/>")),
    ("disk-cipher-size-invalid", luks("<cipher name='aes' size='4294967296'/>")),
    ("disk-ivgen-without-cipher", luks("<ivgen name='plain64'/>")),
    ("disk-ivgen-name-missing", luks(f"{CIPHER}<ivgen/>")),
    ("disk-reservations-managed-invalid", image("<reservations/>")),
    ("disk-reservations-managed-invalid", image("<reservations managed='on'/>")),
    ("disk-reservations-source-incomplete", image("<reservations managed='no'/>")),
    (
        "disk-reservations-source-incomplete",
        reserved("yes", "type='x' path=''"),
    ),
    (
        "disk-reservations-source-invalid",
        reserved("yes", "type='tcp' path='/p' mode='client'"),
    ),
    (
        "disk-reservations-source-invalid",
        reserved("no", "type='unix' path='/p' mode='server'"),
    ),
    ("disk-slice-incomplete", sliced("offset='' size='1'")),
    ("disk-slice-invalid", sliced("offset='x' size='1'")),
    (
        "disk-slice-invalid",
        image("<slices/><slices><slice/><slice type='storage' offset='1' size='-1'/></slices>"),
    ),
    ("disk-seclabel-twice", image("<seclabel model='a'/><seclabel model='&#97;' relabel=''/>")),
    ("disk-seclabel-invalid", image("<seclabel relabel='x'/>")),
    ("disk-seclabel-invalid", nbd("<seclabel labelskip=''/>")),
    ("disk-seclabel-label", image("<seclabel relabel='no'><label>x</label></seclabel>")),
)

# What libvirt makes of the inside of a source, by type and attributes of the source.
RESPELT: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("network", "protocol='nbd' name='n'", "<host name='h'/>", "<host name='h' port='10809'/>"),
    (
        *("network", "protocol='http' name='n'", "<host name='h' transport='tcp' port='0'/>"),
        "<host name='h' port='80'/>",
    ),
    (
        *("network", "protocol='rbd' name='p/i'", "<host name='h' port='0'/><host name='i'/>"),
        "<host name='h'/><host name='i'/>",
    ),
    (
        *("network", "protocol='nbd' name='n'", "<host port=' +007' name='h'/>"),
        "<host name='h' port='7'/>",
    ),
    (
        *("network", "protocol='nbd' name='n'", "<host transport='rdma' name='h' port='0'/>"),
        "<host name='h' transport='rdma'/>",
    ),
    (
        *("network", "protocol='nbd' name='n'", "<host socket='/s' transport='unix'/>"),
        "<host transport='unix' socket='/s'/>",
    ),
    (
        *("network", "protocol='ftps' name='n'", "<timeout seconds='07'/><readahead size=' 5'/>"),
        "<readahead size='5'/><timeout seconds='7'/>",
    ),
    (
        *("nvme", "namespace='1' type='pci'", "<address/>"),
        "<address domain='0x0000' bus='0x00' slot='0x00' function='0x0'/>",
    ),
    (
        *("nvme", "namespace='1' type='pci'", "<address domain='65536' function='7' bus='010'/>"),
        "<address domain='0x10000' bus='0x08' slot='0x00' function='0x7'/>",
    ),
    (
        *("nvme", "namespace='1' type='pci'", "<address slot=' +0X1F'/>"),
        "<address domain='0x0000' bus='0x00' slot='0x1f' function='0x0'/>",
    ),
    (
        *("vhostuser", "type='unix' path='/p'", "<reconnect timeout=' +05' enabled='yes'/>"),
        "<reconnect enabled='yes' timeout='5'/>",
    ),
    (
        *("file", "file='/a'", f"<auth username='u'><secret uuid=' {UUID} ' type='ceph'/></auth>"),
        f"<auth username='u'><secret type='ceph' uuid='{UUID.lower()}'/></auth>",
    ),
    (
        *(
            "file",
            "file='/a'",
            f"<encryption format='qcow'><secret uuid='{UUID}' type='passphrase'/></encryption>",
        ),
        f"<encryption format='qcow'><secret type='passphrase' uuid='{UUID.lower()}'/></encryption>",
    ),
    (
        *(
            "file",
            "file='/a'",
            "<encryption format='luks'><cipher size='0256' name='a'/></encryption>",
        ),
        "<encryption format='luks'><cipher name='a' size='256'/></encryption>",
    ),
    (
        *("file", "file='/a'", "<slices><slice size='02' type='storage' offset=' 1'/></slices>"),
        "<slices><slice type='storage' offset='1' size='2'/></slices>",
    ),
    ("file", "file='/a'", "<seclabel/>", "<seclabel relabel='yes'/>"),
    (
        *("file", "file='/a'", "<seclabel labelskip='no' model='d'/>"),
        "<seclabel model='d' relabel='yes'/>",
    ),
    ("file", "file='/a'", "<seclabel labelskip='yes'/>", "<seclabel labelskip='yes'/>"),
    (
        *("file", "file='/a'", "<seclabel relabel='no' labelskip='no'/>"),
        "<seclabel relabel='no'/>",
    ),
)

NUMBERS: Final = ("1", "0", "7", " +07", "x", "", "-1", "4294967296", "18446744073709551616")
BOOLEANS: Final = ("yes", "no", "yes", "no", "on", "")
UUIDS: Final = (UUID, UUID.lower(), UUID.replace("-", ""), f" {UUID}", "x", "")
# Names of attributes with values, per element; an element has its children from below.
ATTRIBUTES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "host": {
        "name": ("h", "h", ""),
        "port": NUMBERS,
        "transport": ("tcp", "tcp", "unix", "rdma", "fd", ""),
        "socket": ("/s", ""),
    },
    "ssl": {"verify": ("yes", "on")},
    "cookies": {},
    "cookie": {"name": ("a", "b", "c", "d", "a b", "")},
    "readahead": {"size": NUMBERS},
    "timeout": {"seconds": NUMBERS},
    "address": {
        "domain": (*NUMBERS[:4], "0x10", "x"),
        "bus": (*NUMBERS[:4], "0XfF", "010", "09"),
        "slot": (*NUMBERS[:4], "31", "32"),
        "function": ("0", "7", "8"),
        "multifunction": ("on", "off", "on", "yes"),
    },
    "zpci": {"uid": NUMBERS[:5], "fid": NUMBERS[:5]},
    "reconnect": {"enabled": BOOLEANS, "timeout": NUMBERS},
    "auth": {"username": ("u", "u", "u", ""), "type": ("chap", "ceph", "none", "", "x")},
    "secret": {
        "type": ("passphrase", "passphrase", "passphrase", "ceph", ""),
        "uuid": UUIDS,
        "usage": ("x", "y", ""),
    },
    "encryption": {
        "format": ("luks", "luks", "luks", "qcow", "default", "luks2", "x", ""),
        "engine": ("qemu", "librbd", "qemu", "x"),
    },
    "cipher": {"name": ("aes", ""), "size": NUMBERS, "mode": ("cbc",)},
    "ivgen": {"name": ("plain64", ""), "hash": ("x",)},
    "reservations": {"managed": BOOLEANS},
    "source": {
        "type": ("unix", "unix", "unix", "tcp", ""),
        "path": ("/p", "/p", "p", ""),
        "mode": ("client", "client", "client", "server", ""),
    },
    "slices": {},
    "slice": {"type": ("storage", "storage", "x"), "offset": NUMBERS, "size": NUMBERS},
    "seclabel": {"model": ("a", "b", "c", ""), "relabel": BOOLEANS, "labelskip": BOOLEANS},
    "label": {},
}
CHILDREN: Final[dict[str, tuple[str, ...]]] = {
    "cookies": ("cookie", "cookie"),
    "address": ("zpci",),
    "auth": ("secret", "secret", "secret"),
    "encryption": ("secret", "secret", "cipher", "cipher", "ivgen"),
    "reservations": ("source", "source"),
    "slices": ("slice", "slice"),
    "seclabel": ("label",),
}
TEXTS: Final = {
    "cookie": ("v", "v", "&quot;v&quot;", "a b", ""),
    "label": ("x", "system_u", ""),
}
OWN: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "network": {
        "protocol": (
            *("nbd", "rbd", "gluster", "iscsi", "http", "https", "ftps", "nfs", "ssh"),
            *("https", "https", "none", "x"),
        ),
        "name": ("p/i", "p/i", "p/i", "p", "/p", "p/", ""),
        "tls": ("yes", "no", "yes", "x"),
        "tlsFromConfig": ("1", "-5", "x"),
    },
    "nvme": {
        "type": ("pci", "pci", "pci", "pci", "x"),
        "namespace": ("1", "1", " +07", "-1", "x"),
        "managed": BOOLEANS,
    },
    "vhostuser": {"type": ("unix", "unix", "unix", "tcp"), "path": ("/p", "p", "")},
    "file": {"file": ("/a", "/a", "/a", "a", "")},
    "block": {"dev": ("/a", "/a", "/a", "a", "")},
}
INSIDE: Final[dict[str, tuple[str, ...]]] = {
    "network": ("host", "host", "ssl", "cookies", "readahead", "timeout"),
    "nvme": ("address", "address", "address"),
    "vhostuser": ("reconnect", "reconnect"),
    "file": (),
    "block": (),
}
EVERYWHERE: Final = ("auth", "encryption", "reservations", "slices", "seclabel", "seclabel")
SELDOM: Final = 0.15


def attributes(rng: random.Random, pool: dict[str, tuple[str, ...]]) -> str:
    """Most of the attributes; good values more often than bad ones, which stand last."""
    said = []
    for name, values in pool.items():
        if rng.random() > SELDOM:
            good = values[: max(1, len(values) * 2 // 3)]
            said.append(f" {name}='{rng.choice(good if rng.random() > SELDOM else values)}'")
    rng.shuffle(said)
    return "".join(said)


def element(rng: random.Random, name: str) -> str:
    """An element of a source with what belongs in it, more or less."""
    pool = dict(ATTRIBUTES[name])
    if name == "host" and rng.random() > SELDOM:  # what suits each other
        unix = rng.random() < SELDOM
        pool = {"transport": ("unix",), "socket": ("/s",)} if unix else {**pool, "socket": ()}
        pool = {key: values for key, values in pool.items() if values}
    if name == "secret" and rng.random() > SELDOM:
        pool.pop(rng.choice(("uuid", "usage")))
    inside = [element(rng, child) for child in CHILDREN.get(name, ()) if rng.random() > 0.3]
    rng.shuffle(inside)
    text = rng.choice(TEXTS[name]) if name in TEXTS else ""
    return f"<{name}{attributes(rng, pool)}>{text}{''.join(inside)}</{name}>"


def random_disk(rng: random.Random) -> str:
    """A disk with a made-up source of some type."""
    kind = rng.choice(("network", "network", "network", "nvme", "vhostuser", "file", "block"))
    inside = [each for each in INSIDE[kind] if rng.random() < 0.6]
    inside += [each for each in EVERYWHERE if rng.random() < 0.2]
    rng.shuffle(inside)
    source = (
        f"<source{attributes(rng, OWN[kind])}>{''.join(element(rng, e) for e in inside)}</source>"
    )
    location = " snapshot='no'" if kind in ("nvme", "vhostuser") else ""
    return f"<disk name='vda'{location} type='{kind}'><driver type='raw'/>{source}</disk>"
