"""What libvirt leaves out of a dump without the SECURE flag, and nothing else."""

from __future__ import annotations

import pytest

from lineage.canon import secrets

from .libvirt_child import LiveLibvirt

pytestmark = pytest.mark.live

DEVICES = """
<disk type='network'><driver name='qemu' type='raw'/>
  <source protocol='{protocol}' name='a'><host name='h'/>{cookies}</source>
  <target dev='vda' bus='virtio'/></disk>
<disk type='file'><driver name='qemu' type='qcow2'/><source file='/i'/>
  <backingStore type='network'><format type='raw'/>
    <source protocol='https' name='b'><host name='h'/>{cookies}</source></backingStore>
  <target dev='vdb' bus='virtio'/></disk>
<graphics type='vnc' port='5900' {vnc}/>
<graphics type='spice' port='5901' {spice}/>
"""
COOKIES = "<cookies><cookie name='c'>v</cookie><cookie name='d'>w</cookie></cookies>"
VNC = "passwd='hunter2' passwdValidTo='2030-01-01T00:00:00' connected='keep'"


@pytest.mark.parametrize("protocol", ["http", "https", "ftp"])
@pytest.mark.parametrize("cookies", ["", COOKIES])
@pytest.mark.parametrize("vnc", ["", VNC, "passwd=''"])
@pytest.mark.parametrize("spice", ["", "passwd='hunter3'"])
def test_a_dump_without_secrets_is_the_one_with_them_less_what_we_call_so(
    live: LiveLibvirt, protocol: str, cookies: str, vnc: str, spice: str
) -> None:
    if protocol == "ftp":
        cookies = ""  # libvirt refuses them there
    uuid = live.call("open")
    devices = DEVICES.format(protocol=protocol, cookies=cookies, vnc=vnc, spice=spice)
    name = live.call(
        "redefine",
        "<domainsnapshot><name>s</name><state>shutoff</state><creationTime>1</creationTime>"
        f"<domain type='test'><name>test</name><uuid>{uuid}</uuid><memory>8388608</memory>"
        f"<os><type>hvm</type></os><devices>{devices}</devices></domain></domainsnapshot>",
    )
    whole, public = (live.call("xml", name, secure) for secure in (True, False))
    live.call("delete", name)
    assert secrets.without(whole.encode()).decode() == public
    assert secrets.may_hold(whole.encode()) or whole == public
