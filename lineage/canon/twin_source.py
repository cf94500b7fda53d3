"""What libvirt's parser of storage sources makes of a snapshot disk's ``<source>``.

Checks come in libvirt's order, which is not that of the children.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from lineage.canon.twin_read import Element
from lineage.canon.twin_write import by_rank, order
from lineage.errors import SnapshotError

__all__ = ["PATH_ATTRIBUTE", "canonical_uuid", "check_source", "replaced"]

PATH_ATTRIBUTE = {"file": "file", "block": "dev", "network": "name"}
# The ports that libvirt fills in, "" for protocols without one.
PORTS = {
    "none": "",
    "nbd": "10809",
    "rbd": "",
    "sheepdog": "7000",
    "gluster": "24007",
    "iscsi": "3260",
    "http": "80",
    "https": "443",
    "ftp": "21",
    "ftps": "990",
    "tftp": "69",
    "ssh": "22",
    "vxhs": "9999",
    "nfs": "",
}
ENCRYPTIONS = frozenset({"default", "qcow", "luks", "luks2", "luks-any"})
YES_OR_NO = ("yes", "no")
NOT_IN_A_COOKIES_NAME = re.compile(r'[\t\n\r "(),/:;<=>?@\[\\\]{}]')
NOT_IN_A_COOKIES_VALUE = re.compile(r'[\t\n\r ",;\\]')
BLANKS = " \t\r\n"
LONGEST_LABEL = 4096
# The C library's isspace(), less what XML does not allow.
SPACE = "[ \t\n\r]*"
UUID = rf"{SPACE}(?:[- ]*[0-9a-fA-F]{{2}}){{16}}{SPACE}"


def check_source(source: Element, kind: str, mode: str, offset: int) -> Element:
    """The source of a disk of type `kind` as libvirt spells it.

    Raises:
        SnapshotError: libvirt would refuse it; at `offset`, which is the disk's.
    """
    try:
        return Source(source, kind, mode).checked()
    except Refused as refused:
        raise SnapshotError(refused.code, offset, "bad source of a disk") from None


def canonical_uuid(text: str) -> str | None:
    """A UUID in lower case with dashes, None if it is none."""
    if not re.fullmatch(UUID, text):
        return None
    digits = re.sub("[^0-9a-f]", "", text.lower())
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def replaced(element: Element, old: Element, new: Element) -> Element:
    """A copy with one child for another."""
    children = [new if child is old else child for child in element.children]
    return Element(element.name, element.attributes, children, element.offset, element.foreign)


class Refused(Exception):
    """With the code of the error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def refuse_if(wrong: object, code: str) -> None:
    """Refuse the source with this code if something is wrong."""
    if wrong:
        refuse(code)


def refuse(code: str) -> NoReturn:
    """Refuse the source."""
    raise Refused(f"disk-{code}")


# ---- values


def respelt(element: Element, values: Mapping[str, str | None]) -> Element:
    """A copy with attributes set, or taken away where the value is None."""
    ranks = order().context(element, "").attributes
    new = [(name, value) for name, value in values.items() if element.get(name) is None]
    attributes = by_rank([*element.attributes, *new], lambda attribute: attribute[0], ranks)
    kept = [(name, values.get(name, value)) for name, value in attributes]
    return Element(
        element.name,
        [(name, value) for name, value in kept if value is not None],
        element.children,
        element.offset,
        element.foreign,
    )


def number(text: str | None, code: str, bits: int = 64) -> str:
    """A number that is not negative, in plain decimal."""
    match = re.fullmatch(rf"{SPACE}\+?0*([0-9]{{1,20}})", text or "")
    if match is None or int(match[1]) >= 1 << bits:
        refuse(code)
    return match[1]


def c_number(text: str, code: str) -> int:
    """A number of 32 bits as C writes it: 0x for sixteen, 0 for eight."""
    match = re.fullmatch(rf"{SPACE}\+?(?:0x([0-9a-f]+)|(0[0-7]*)|([1-9][0-9]*))", text, re.I)
    if match is None:
        refuse(code)
    value = int(match[1] or match[2] or match[3], 16 if match[1] else 8 if match[2] else 10)
    refuse_if(value >= 1 << 32, code)
    return value


def yes_or_no(text: str | None, code: str) -> None:
    """Refuse anything else, but not nothing."""
    refuse_if(text is not None and text not in YES_OR_NO, code)


# ---- the source


class Source:
    """One source, changed child by child."""

    def __init__(self, element: Element, kind: str, mode: str) -> None:
        self.element, self.kind, self.mode = element, kind, mode

    def checked(self) -> Element:
        """The source once all checks are passed."""
        if self.kind == "network":
            self.network()
        elif self.kind == "nvme":
            self.nvme()
        elif self.kind == "vhostuser":
            self.vhostuser()
        self.auth()
        self.encryption()
        self.reservations()
        self.slices()
        self.seclabels()
        return self.element

    def put(self, *path: Element) -> None:
        """Put the last element in the stead of the second last, at the end of a path."""
        *above, old, new = path
        for around in reversed(above):
            old, new = around, replaced(around, old, new)
        self.element = replaced(self.element, old, new)

    # -- network

    def network(self) -> None:
        """Attributes, hosts, and what web protocols have besides."""
        get = self.element.get
        protocol, name = get("protocol"), get("name")
        if protocol is None:
            refuse("protocol-missing")
        refuse_if(protocol not in PORTS, "protocol-invalid")
        refuse_if(name is None and protocol != "nbd", "source-name-missing")
        yes_or_no(get("tls"), "tls-invalid")
        config = get("tlsFromConfig")
        if config is not None and self.mode != "create":
            match = re.fullmatch(rf"{SPACE}([+-]?)0*([0-9]{{1,20}})", config)
            value = int(match[1] + match[2]) if match else 1 << 31
            refuse_if(not -(1 << 31) <= value < 1 << 31, "tls-config-invalid")
        if protocol in ("gluster", "rbd"):
            refuse_if((name or "").find("/") < 1, "source-pool-missing")
        for host in self.element.named("host"):
            self.put(host, checked_host(host, PORTS[protocol]))
        if protocol in ("https", "ftps") and (ssl := self.element.first("ssl")):
            yes_or_no(ssl.get("verify"), "ssl-invalid")
        if protocol in ("http", "https") and (cookies := self.element.first("cookies")):
            check_cookies(cookies.named("cookie"))
        if protocol in ("http", "https", "ftp", "ftps"):
            self.first_number("readahead", "size")
            self.first_number("timeout", "seconds")

    def first_number(self, name: str, attribute: str) -> None:
        """Respell the number in the first such attribute."""
        for each in self.element.named(name):
            if (text := each.get(attribute)) is not None:
                if text:
                    self.put(each, respelt(each, {attribute: number(text, f"{name}-invalid")}))
                return

    # -- nvme and vhostuser

    def nvme(self) -> None:
        """A namespace of a PCI device."""
        get = self.element.get
        refuse_if(get("type") is None, "source-type-missing")
        refuse_if(get("type") != "pci", "source-type-invalid")
        namespace = get("namespace")
        if namespace is None:
            refuse("namespace-missing")
        match = re.fullmatch(rf"{SPACE}(\+?|-)0*([0-9]{{1,20}})", namespace)
        if match is None or int(match[2]) >= 1 << 64:
            refuse("namespace-invalid")
        value = int(match[2]) * (-1 if match[1] == "-" else 1)
        self.element = respelt(self.element, {"namespace": str(value % (1 << 64))})
        yes_or_no(get("managed"), "managed-invalid")
        address = self.element.first("address")
        if address is None:
            refuse("address-missing")
        self.put(address, checked_address(address))

    def vhostuser(self) -> None:
        """A socket."""
        get = self.element.get
        refuse_if(get("type") is None, "source-type-missing")
        refuse_if(get("type") != "unix", "source-type-invalid")
        refuse_if(get("path") is None, "source-path-missing")
        reconnect = self.element.first("reconnect")
        if reconnect is None:
            return
        yes_or_no(reconnect.get("enabled"), "reconnect-invalid")
        if reconnect.get("enabled") == "yes":
            timeout = number(reconnect.get("timeout"), "reconnect-invalid", 32)
            self.put(reconnect, respelt(reconnect, {"timeout": timeout}))

    # -- every source

    def auth(self) -> None:
        """Who is to log in, and with which secret."""
        auth = self.element.first("auth")
        if auth is None:
            return
        refuse_if(not auth.get("username"), "auth-username-missing")
        refuse_if((auth.get("type") or "none") not in ("none", "chap", "ceph"), "auth-type-invalid")
        secret = auth.first("secret")
        if secret is None:
            refuse("auth-secret-missing")
        self.put(auth, secret, checked_secret(secret))

    def encryption(self) -> None:
        """Secrets, and with luks the cipher."""
        encryption = self.element.first("encryption")
        if encryption is None:
            return
        refuse_if(not encryption.get("format"), "encryption-format-missing")
        refuse_if(encryption.get("format") not in ENCRYPTIONS, "encryption-format-invalid")
        engine = encryption.get("engine")
        refuse_if(engine not in (None, "qemu", "librbd"), "encryption-engine-invalid")
        made = encryption
        for secret in encryption.named("secret"):
            refuse_if(not secret.get("type"), "encryption-secret-type-missing")
            refuse_if(secret.get("type") != "passphrase", "encryption-secret-type-invalid")
            made = replaced(made, secret, checked_secret(secret))
        if encryption.get("format") == "luks":
            made = with_luks(made)
        self.put(encryption, made)

    def reservations(self) -> None:
        """Who looks after persistent reservations."""
        reservations = self.element.first("reservations")
        if reservations is None:
            return
        managed = reservations.get("managed")
        refuse_if(managed not in YES_OR_NO, "reservations-managed-invalid")
        source = reservations.first("source")
        said = [source.get(name) if source else None for name in ("type", "path", "mode")]
        if managed == "no" or any(said):
            refuse_if(not all(said), "reservations-source-incomplete")
            refuse_if(
                (said[0], said[2]) != ("unix", "client"),
                "reservations-source-invalid",
            )

    def slices(self) -> None:
        """The first slice of the storage."""
        for slices in self.element.named("slices"):
            for each in slices.named("slice"):
                if each.get("type") == "storage":
                    offset, size = each.get("offset"), each.get("size")
                    refuse_if(not offset or not size, "slice-incomplete")
                    bounds = {
                        "offset": number(offset, "slice-invalid"),
                        "size": number(size, "slice-invalid"),
                    }
                    self.put(slices, each, respelt(each, bounds))
                    return

    def seclabels(self) -> None:
        """At most one label of a model; whether to relabel is always said."""
        seen = set()
        for each in self.element.named("seclabel"):
            model, relabel, skip = each.get("model"), each.get("relabel"), each.get("labelskip")
            refuse_if(model is not None and model in seen, "seclabel-twice")
            seen.add(model)
            yes_or_no(relabel, "seclabel-invalid")
            if self.mode != "internal":  # else libvirt does not look
                yes_or_no(skip, "seclabel-invalid")
            label = each.first("label")
            text = label.text().strip(BLANKS) if label and not label.elements() else ""
            short = label is not None and len(label.text().encode()) <= LONGEST_LABEL
            refuse_if(relabel == "no" and text and short, "seclabel-label")
            values: dict[str, str | None] = {} if skip == "yes" else {"labelskip": None}
            if skip != "yes" and relabel is None:
                values["relabel"] = "yes"
            self.put(each, respelt(each, values))


def checked_host(host: Element, default: str) -> Element:
    """A host with its port, if its protocol has one; TCP goes without saying."""
    transport, socket, port = host.get("transport"), host.get("socket"), host.get("port")
    refuse_if(transport not in (None, "tcp", "unix", "rdma"), "host-transport-invalid")
    if transport == "unix":
        refuse_if(socket is None, "host-socket-missing")
        return host
    refuse_if(socket is not None, "host-socket-unsupported")
    refuse_if(host.get("name") is None, "host-name-missing")
    given = number(port, "host-port-invalid", 16) if port is not None else "0"
    values: dict[str, str | None] = {"port": given if given != "0" else None}
    if transport != "rdma":
        values["port"] = values["port"] or default or None
        values["transport"] = None
    return respelt(host, values)


def check_cookies(cookies: list[Element]) -> None:
    """HTTP cookies; markup in a value is not looked at."""
    for cookie in cookies:
        blank = not cookie.elements() and not cookie.text().strip(BLANKS)
        refuse_if(not cookie.get("name") or blank, "cookie-incomplete")
    names = [cookie.get("name") or "" for cookie in cookies]
    for cookie, name in zip(cookies, names, strict=True):
        refuse_if(NOT_IN_A_COOKIES_NAME.search(name), "cookie-invalid")
        value = "" if cookie.elements() else cookie.text()
        if value[:1] == value[-1:] == '"':
            value = value[1:-1]
        refuse_if(NOT_IN_A_COOKIES_VALUE.search(value), "cookie-invalid")
        refuse_if(names.count(name) > 1, "cookie-twice")


def checked_address(address: Element) -> Element:
    """A PCI address in hexadecimal, all of it."""
    code = "address-invalid"
    part = {
        name: c_number(text, code) if (text := address.get(name)) is not None else 0
        for name in ("domain", "bus", "slot", "function")
    }
    refuse_if(address.get("multifunction") not in (None, "on", "off"), code)
    if part["domain"] or part["bus"] or part["slot"]:
        refuse_if(part["bus"] > 0xFF or part["slot"] > 0x1F or part["function"] > 7, code)
    for zpci in address.named("zpci"):
        for name in ("uid", "fid"):
            if (text := zpci.get(name)) is not None:
                c_number(text, code)
    widths = {"domain": 4, "bus": 2, "slot": 2, "function": 1}
    return respelt(address, {name: f"0x{part[name]:0{widths[name]}x}" for name in part})


def checked_secret(secret: Element) -> Element:
    """A secret by UUID or by usage."""
    uuid, usage = secret.get("uuid"), secret.get("usage")
    refuse_if(uuid is None and usage is None, "secret-missing")
    refuse_if(uuid is not None and usage is not None, "secret-twice")
    if uuid is None:
        return secret
    canonical = canonical_uuid(uuid)
    refuse_if(canonical is None, "secret-uuid-invalid")
    return respelt(secret, {"uuid": canonical})


def with_luks(encryption: Element) -> Element:
    """The cipher with its size in plain decimal."""
    cipher, ivgen = encryption.first("cipher"), encryption.first("ivgen")
    made = encryption
    if cipher:
        refuse_if(cipher.get("name") is None, "cipher-name-missing")
        size = number(cipher.get("size"), "cipher-size-invalid", 32)
        made = replaced(encryption, cipher, respelt(cipher, {"size": size}))
    if ivgen:
        refuse_if(cipher is None, "ivgen-without-cipher")
        refuse_if(ivgen.get("name") is None, "ivgen-name-missing")
    return made
