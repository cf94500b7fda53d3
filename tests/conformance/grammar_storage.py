"""Grammar of a domain's storage: disks with their sources, controllers, leases, filesystems."""

from __future__ import annotations

from typing import Final

__all__ = ["SOURCES", "STORAGE"]

# What stands between <disk ...> and </disk> of each type; snapshots' disks have the same sources.
SOURCES: Final = {
    "source_file": "<source file='{!path}'{source_end}",
    "source_block": "<source dev='{!path}'{source_end}",
    "source_nbd": """
        <source protocol='nbd' name='{!token}'[ tls='(yes|no)'[ tlsHostname='h.example']]>
        (<host name='h.example' port='{!port}'/>|<host transport='unix' socket='{!path}'/>)
        {source_rest}</source>""",
    "source_rbd": """
        <source protocol='rbd' name='pool/{!token}'>{host}{host*}[<snapshot name='{!token}'/>]
        [<config file='{!path}'/>]{source_rest}</source>""",
    "source_iscsi": """
        <source protocol='iscsi' name='iqn.2013-07.com.example:{!token}/1'>
        <host name='h.example' port='{!port}'/>[<initiator>
        <iqn name='iqn.2020-01.com:x'/></initiator>]
        {source_rest}</source>""",
    "source_gluster": """
        <source protocol='gluster' name='vol/{!token}'>
        (<host name='h.example' port='{!port}'/>|<host transport='rdma' name='h' port='{!port}'/>|
        <host transport='unix' socket='{!path}'/>)</source>""",
    "source_http": """
        <source protocol=('https' name='{!token}'[ query='a={!token}']|'ftps' name='{!token}')>
        <host name='h.example' port='{!port}'/>[<ssl verify='(yes|no)'/>]
        {cookies}[<readahead size='{1..9999}'/>][<timeout seconds='{1..9999}'/>]</source>""",
    "cookies": "[<cookies><cookie name='(a|B_1)'>{!token}</cookie></cookies>]",
    "source_ssh": "<source protocol='(ssh|sheepdog|vxhs|tftp|ftp)' name='{!token}'>{host}</source>",
    "source_nfs": """
        <source protocol='nfs' name='{!path}'><host name='h.example'/>
        [<identity user='(u|+7)' group='g'/>]</source>""",
    "source_network": """
        ({source_nbd}|{source_rbd}|{source_iscsi}|{source_gluster}|{source_http}|{source_ssh}|
        {source_nfs})""",
    "source_nvme": """
        <source type='pci' managed='(yes|no)' namespace='{1..9}'>
        <address domain='0x0000' bus='0x{!hex2}' slot='0x0{1..9}' function='0x{0..7}'/>
        {source_rest}</source>""",
    "source_vhostuser": """
        <source type='unix' path='{!plain}'>
        [<reconnect enabled='no'/>|<reconnect enabled='yes' timeout='{1..9}'/>]</source>""",
    "source_volume": """
        <source pool='{!token}' volume='{!token}'[ mode='(host|direct)']/>""",
    "host": "<host name='h{!unique}.example'[ port='{!port}']/>",
    "source_end": "(/>|>{source_rest}</source>)",
    "source_rest": """
        [<slices><slice type='storage' offset='{0..9999}' size='{1..9999}'/></slices>]
        {disk_label}{auth}{encryption}[<reservations managed='yes'/>|<reservations managed='no'>
        <source type='unix' path='{!path}' mode='client'/></reservations>]""",
    "disk_label": """
        [<seclabel model='dac' relabel='no'/>|
        <seclabel model='(selinux|dac)' relabel='yes'><label>{!token}</label></seclabel>|
        <seclabel model='dac' labelskip='yes'/>]""",
    "auth": """
        [<auth username='{!token}'>
        <secret type='(ceph|iscsi)' (usage='{!token}'|uuid='{!uuid}')/></auth>]""",
    "encryption": """
        [<encryption format='luks'[ engine='(qemu|librbd)']>
        <secret type='passphrase' (uuid='{!uuid}'|usage='{!token}')/>
        [<cipher name='(aes|serpent)' size='(128|256)'[ mode='cbc'][ hash='sha256']/>
        [<ivgen name='plain64'[ hash='sha1']/>]]</encryption>|
        <encryption format='(qcow|default)'/>]""",
    "metadata_cache": """
        <metadata_cache><max_size[ unit='(bytes|KiB|MB)']>{1..9999}</max_size></metadata_cache>""",
}
DISKS: Final = {
    "disk": """
        <disk {disk_type}{disk_middle}<target dev='{!target}' bus='virtio'[ removable='(on|off)']
        [ rotation_rate='{1..9}']/>{iotune}[<readonly/>][<shareable/>]
        [<transient[ shareBacking='(yes|no)']/>]{disk_end}{generic}{disk_address}</disk>""",
    "disk_network": """
        <disk type='network' device='disk'>{source_network}<target dev='{!target}' bus='virtio'/>
        </disk>|<disk type='network' device='disk'>
        <auth username='{!token}'><secret type='(ceph|iscsi)' usage='{!token}'/></auth>
        <source protocol='(rbd|nbd)' name='p/{!token}'>{host}</source>
        <target dev='{!target}' bus='virtio'/></disk>|<disk type='file' device='disk'>
        <source file='{!path}' startupPolicy='(mandatory|requisite|optional)'/>
        <target dev='{!target}' bus='virtio'/>
        <encryption format='luks'><secret type='passphrase' uuid='{!uuid}'/></encryption></disk>|
        <disk type='network' device='disk'>{source_http}
        <target dev='{!target}' bus='virtio'/></disk>""",
    "disk_drive": """
        <disk type='file' device='disk'>[<source file='{!path}'/>]
        <target dev='{!sd}' bus='(scsi|sata|usb)'[ rotation_rate='{1..9}']/>{disk_end}</disk>|
        <disk type='(file|block)' device='(cdrom|floppy)'>
        <target dev='{!sd}' bus='(scsi|sata|fdc)'[ tray='(open|closed)']/><readonly/></disk>|
        <disk type='block' device='lun'[ rawio='(yes|no)'][ sgio='(filtered|unfiltered)']>
        <source dev='{!path}'/><target dev='{!sd}' bus='scsi'/></disk>""",
    "disk_type": """
        (type='file' device='disk'{disk_attrs}>{disk_driver}{source_file}|
        type='block' device='disk'{disk_attrs}>{disk_driver}{source_block}|
        type='network' device='disk'{disk_attrs}>{disk_driver}{source_network}|
        type='volume' device='disk'>{source_volume}|type='nvme' device='disk'>{source_nvme}|
        type='vhostuser' device='disk'>{source_vhostuser}|
        type='dir' device='disk'><driver name='x' type='fat'/><source dir='{!path}'/>)""",
    "disk_attrs": """
        [ model='(virtio|virtio-transitional|virtio-non-transitional)']
        [ snapshot='(no|internal)']""",
    "disk_driver": """
        [<driver name='qemu' type='(raw|qcow2|qed|vdi)'
        [ cache='(none|writethrough|writeback|directsync|unsafe|default)']
        [ error_policy='(stop|report|ignore|enospace)'][ rerror_policy='(stop|report|ignore)']
        [ io='(native|threads|io_uring)'][ ioeventfd='(on|off)'][ event_idx='(on|off)']
        [ copy_on_read='(on|off)'][ discard='(unmap|ignore)'][ iothread='{1..9}']
        [ detect_zeroes='(off|on|unmap)'][ queues='{1..8}'][ queue_size='{1..1024}']{virtio}
        (/>|>{metadata_cache}</driver>)]""",
    "virtio": "[ iommu='(on|off)'][ ats='(on|off)'][ packed='(on|off)'][ page_per_vq='(on|off)']",
    "disk_middle": """
        {backing_store}[<backenddomain name='{!token}'/>]
        [<geometry cyls='{1..999}' heads='{1..16}' secs='{1..63}'[ trans='(auto|none|lba)']/>]
        [<blockio logical_block_size='(512|4096)'[ physical_block_size='4096']/>]""",
    "backing_store": """
        [<backingStore/>|<backingStore type='file'[ index='{1..9}']><format type='(qcow2|raw)'/>
        <source file='{!path}'/>{backing_store}</backingStore>|
        <backingStore type='block'><format type='qcow2'>[{metadata_cache}]</format>
        {source_block}</backingStore>|
        <backingStore type='network'><format type='raw'/>{source_network}</backingStore>]""",
    "iotune": """
        [<iotune><total_iops_sec>{1..999}</total_iops_sec>
        <total_iops_sec_max>{1000..9999}</total_iops_sec_max>
        <total_iops_sec_max_length>{1..9}</total_iops_sec_max_length></iotune>|
        <iotune><read_bytes_sec>{1..999}</read_bytes_sec>
        <write_bytes_sec>{1..999}</write_bytes_sec>
        <read_bytes_sec_max>{1000..9999}</read_bytes_sec_max>
        <write_bytes_sec_max>{1000..9999}</write_bytes_sec_max>
        <read_bytes_sec_max_length>{1..9}</read_bytes_sec_max_length>
        <write_bytes_sec_max_length>{1..9}</write_bytes_sec_max_length></iotune>|
        <iotune>[<total_bytes_sec>{1000..99999}</total_bytes_sec>
        [<total_bytes_sec_max>{100000..999999}</total_bytes_sec_max>
        [<total_bytes_sec_max_length>{1..9}</total_bytes_sec_max_length>]]]
        [<read_iops_sec>{100..999}</read_iops_sec>[<read_iops_sec_max>{1000..9999}
        </read_iops_sec_max>]][<write_iops_sec>{100..999}</write_iops_sec>]
        [<size_iops_sec>{1..9999}</size_iops_sec>]
        [<group_name>g{!unique}</group_name>]</iotune>]""",
    "disk_end": """
        [<serial>{!token}</serial>][<wwn>5000c50015ea71a{0..9}</wwn>][<vendor>{!token}</vendor>]
        [<product>{!token}</product>]""",
    "disk_address": "[{pci}|<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x{!hex4}'/>]",
    "generic": """
        [<boot order='{!order}'[ loadparm='(A|B1.x)']/>][<alias name='ua-{!unique}'/>]
        [<rom bar='(on|off)'[ file='{!path}']/>|<rom enabled='no'/>][<acpi index='{!acpi}'/>]""",
    "pci": """
        <address type='pci' domain='0x0000' bus='0x{!hex2}' slot='0x{!slot}'
        function='0x{0..7}'[ multifunction='(on|off)']
        (/>|><zpci uid='0x{!hex4}' fid='0x0000{!hex4}'/></address>)""",
}
OTHERS: Final = {
    "controller": """
        <controller type='scsi' index='{!index}'[ model='(virtio-scsi|lsilogic|auto|vmpvscsi)']>
        [<driver[ queues='{1..8}'][ cmd_per_lun='{1..9}'][ max_sectors='{1..9}']
        [ ioeventfd='(on|off)']{virtio}/>]{generic}[{pci}]</controller>|
        <controller type='scsi' index='{!index}' model='virtio-scsi'><driver iothread='1'/>
        </controller>|
        <controller type='virtio-serial' index='{!index}'[ ports='{1..31}'][ vectors='{0..9}']/>|
        <controller type='usb' index='{!usb}' model='(ich9-ehci1|piix3-uhci|nec-xhci)'/>|
        <controller type='usb' index='{!usb}' model='ich9-ehci1'/>
        <controller type='usb' index='{!same_usb}' model='ich9-uhci1'><master startport='(0|2|4)'/>
        </controller>|
        <controller type='usb' index='{!usb}' model='(qemu-xhci|nec-xhci)' ports='{1..15}'/>|
        <controller type='xenbus' index='{!index}' maxGrantFrames='{1..99}'
        maxEventChannels='{1..99}'/>|
        <controller type='(ide|fdc|sata|ccid|isa)' index='{!index}'/>""",
    "pci_controller": """
        <controller type='pci' index='{!index}' model='pcie-root-port'>
        <model name='(pcie-root-port|ioh3420)'/><target chassis='{1..99}' port='0x{!hex2}'
        [ hotplug='(on|off)']/>[{pci}]</controller>|
        <controller type='pci' index='{!index}' model='pcie-expander-bus'>
        <model name='pxb-pcie'/><target busNr='{1..254}'><node>{0..3}</node></target></controller>|
        <controller type='pci' index='{!index}' model='pci-bridge'><target chassisNr='{1..99}'/>
        </controller>|<controller type='pci' index='{!index}' model='pci-root'>
        [<target index='{1..9}'/>]</controller>|
        <controller type='pci' index='{!index}' model='pci(|e)-root'>
        <pcihole64 unit='(KiB|MiB)'>{1..99}</pcihole64></controller>""",
    "lease": """
        <lease><lockspace>{!token}</lockspace><key>{!token}</key>
        <target path='{!path}'[ offset='{1..99}']/></lease>""",
    "filesystem": """
        <filesystem type='mount'[ accessmode='(passthrough|mapped|squash)']
        [ model='(virtio|virtio-transitional)'][ multidevs='(remap|forbid|warn)'][ fmode='755']
        [ dmode='700']>[<driver type='(path|handle)'[ wrpolicy='immediate']{virtio}/>]
        <source dir='{!path}'/><target dir='{!token}'/>[<readonly/>]
        [<space_hard_limit unit='(bytes|KiB)'>{1..99}</space_hard_limit>
        <space_soft_limit unit='bytes'>{1..99}</space_soft_limit>]{generic}[{pci}]</filesystem>|
        <filesystem type='mount'><driver type='virtiofs'[ queue='{1..1024}']/>
        (<binary path='{!path}'[ xattr='(on|off)']>[<cache mode='(none|always)'/>]
        [<sandbox mode='(namespace|chroot)'/>][<lock[ posix='(on|off)'] flock='(on|off)'/>]
        [<thread_pool size='{0..9}'/>]</binary><source dir='{!path}'/>|<source socket='{!path}'/>)
        <target dir='{!token}'/></filesystem>|
        <filesystem type='file'><driver type='(loop|nbd)' format='(raw|qcow2)'/>
        <source file='{!path}'/><target dir='{!path}'/></filesystem>|
        <filesystem type='block'><source dev='{!path}'/><target dir='{!path}'/></filesystem>|
        <filesystem type='ram'><source usage='{1..9999}' units='(KiB|MiB)'/><target dir='{!path}'/>
        </filesystem>|<filesystem type='template'><source name='{!token}'/><target dir='{!path}'/>
        </filesystem>|<filesystem type='volume'><source pool='{!token}' volume='{!token}'/>
        <target dir='{!path}'/></filesystem>|<filesystem type='bind'><source dir='{!path}'/>
        <target dir='{!path}'/></filesystem>""",
}
STORAGE: Final = {**SOURCES, **DISKS, **OTHERS}
