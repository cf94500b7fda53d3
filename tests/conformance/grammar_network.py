"""Grammar of a domain's interfaces."""

from __future__ import annotations

from typing import Final

__all__ = ["NETWORK"]

NETWORK: Final = {
    "interface": """
        <interface type='network'[ trustGuestRxFilters='(yes|no)']>{mac}<source network='{!token}'
        [ portgroup='{!token}']/>{vlan}{virtualport}{nic_rest}</interface>|
        <interface type='bridge'>{mac}<source bridge='{!token}'/>{vlan}{virtualport}{nic_rest}
        </interface>|<interface type='ethernet'>{mac}[<source>{ip}{route}</source>]{ip}{route}
        <script path='{!path}'/>[<downscript path='{!path}'/>]<target dev='tap{!unique}'
        [ managed='(yes|no)']/>{guest}{nic_rest}</interface>|
        <interface type='user'>{mac}{ip}{nic_rest}</interface>|{passt}|
        <interface type='direct'[ trustGuestRxFilters='(yes|no)']>{mac}<source dev='{!token}'
        mode='(vepa|bridge|private|passthrough)'/>{vlan}{virtualport}{nic_rest}</interface>|
        <interface type='(server|mcast|client)'>{mac}<source address='192.0.2.{1..9}'
        port='{!port}'/>{nic_rest}</interface>|<interface type='udp'>{mac}
        <source address='192.0.2.{1..9}' port='{!port}'><local address='192.0.2.1' port='{!port}'/>
        </source>{nic_rest}</interface>|<interface type='internal'>{mac}<source name='{!token}'/>
        {nic_rest}</interface>|<interface type='vhostuser'>{mac}<source type='unix' path='{!path}'
        mode='(client|server)'/>{nic_rest}</interface>|<interface type='vhostuser'>{mac}
        <source type='unix' path='{!path}' mode='client'><reconnect enabled='yes' timeout='{1..9}'/>
        </source>{nic_rest}</interface>|<interface type='vdpa'>{mac}
        <source dev='{!path}'/>{nic_rest}
        </interface>|<interface type='hostdev' managed='(yes|no)'>{mac}[<driver name='vfio'/>]
        <source><address type='pci' domain='0x0000' bus='0x{!hex2}' slot='0x{!slot}'
        function='0x{0..7}'/></source>{vlan}{virtualport}
        [<teaming type='transient' persistent='ua-{!unique}'/>]
        </interface>""",
    "passt": """
        <interface type='user'>{mac}<source dev='{!token}'/>{ip}{port_forward*}
        <model type='virtio'/>[<backend logFile='{!path}'/>]</interface>""",
    "port_forward": """
        <portForward proto='(tcp|udp)'[ address='192.0.2.{1..9}'][ dev='{!token}']>
        [<range start='{1000..1999}'[ end='{2000..2999}'][ to='{3000..3999}']/>]
        [<range start='{4000..4999}' exclude='(yes|no)'/>]</portForward>""",
    "mac": "<mac address='{!mac}'[ type='(generated|static)'][ check='(yes|no)']/>",
    "vlan": """
        [<vlan><tag id='{1..4094}'/></vlan>|<vlan trunk='yes'>
        <tag id='{1..4094}'[ nativeMode='(tagged|untagged)']/><tag id='{1..4094}'/></vlan>]""",
    "virtualport": """
        [<virtualport type='802.1Qbg'><parameters managerid='{1..255}' typeid='{1..999}'
        typeidversion='{1..9}' instanceid='{!uuid}'/></virtualport>|
        <virtualport type='802.1Qbh'><parameters profileid='{!token}'/></virtualport>|
        <virtualport type='openvswitch'><parameters interfaceid='{!uuid}'[ profileid='{!token}']/>
        </virtualport>|<virtualport type='midonet'>
        <parameters interfaceid='{!uuid}'/></virtualport>]""",
    "bandwidth": """
        [<bandwidth><inbound average='{1..99}'[ peak='{100..999}'][ burst='{1..99}']/>
        [<outbound average='{1..99}'[ peak='{100..999}'][ burst='{1..99}']/>]</bandwidth>]""",
    "ip": """
        [<ip address='192.0.2.{1..9}' family='ipv4'[ prefix='{8..30}'][ peer='192.0.2.{11..19}']/>]
        [<ip address='2001:db8::{1..9}' family='ipv6' prefix='64'/>]""",
    "route": """
        [<route family='ipv4' address='198.51.100.0' prefix='24' gateway='192.0.2.{1..9}'
        [ metric='{1..9}']/>|
        <route address='198.51.100.0' netmask='255.255.255.0' gateway='192.0.2.1'/>]""",
    "guest": "[<guest dev='{!token}'/>]",
    "nic_rest": """
        {bandwidth}[<port isolated='(yes|no)'/>][<backenddomain name='{!token}'/>]
        [<model type='(virtio|e1000|virtio-transitional|ne2k_pci)'/>]{nic_driver}
        [<backend[ tap='{!path}'] vhost='{!path}'/>]{filter}[<tune>
        <sndbuf>{1..9999}</sndbuf></tune>]
        [<teaming type='persistent'/>][<link state='(up|down)'/>][<mtu size='{68..9000}'/>]
        [<coalesce><rx><frames max='{1..99}'/></rx></coalesce>]{generic}[{pci}]""",
    "nic_driver": """
        [<driver name='(vhost|qemu)'[ txmode='(iothread|timer)'][ ioeventfd='(on|off)']
        [ event_idx='(on|off)'][ queues='{1..8}'][ rx_queue_size='(256|512)']
        [ tx_queue_size='(256|512)'][ rss='(on|off)'][ rss_hash_report='(on|off)']{virtio}>
        [<host csum='(on|off)'[ gso='(on|off)'][ tso4='(on|off)'][ tso6='(on|off)'][ ecn='(on|off)']
        [ ufo='(on|off)'][ mrg_rxbuf='(on|off)']/>]
        [<guest csum='(on|off)'[ tso4='(on|off)'][ tso6='(on|off)'][ ecn='(on|off)']
        [ ufo='(on|off)']/>]
        </driver>]""",
    "filter": """
        [<filterref filter='{!token}'>[<parameter name='IP' value='192.0.2.{1..9}'/>]
        [<parameter name='MAC' value='{!mac}'/>]</filterref>]""",
}
