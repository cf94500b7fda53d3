"""Grammar of a domain's other devices: characters, screens, sound, host devices, and the small."""

from __future__ import annotations

from typing import Final

__all__ = ["DEVICES", "KINDS", "ONCE"]

CHARACTERS: Final = {
    "serial": "<serial {chardev}{serial_target}{generic}</serial>",
    "serial_target": """
        [<target type='isa-serial' port='{!serial}'>[<model name='(isa-serial|isa-debugcon)'/>]
        </target>|<target type='pci-serial' port='{!serial}'>
        <model name='pci-serial'/></target>]""",
    "parallel": """
        <parallel {chardev}<target port='{!parallel}'/>[<alias name='ua-{!unique}'/>]</parallel>""",
    "console": """
        <console {chardev}<target type='(virtio|sclp|xen|lxc)' port='{!console}'/>
        [<alias name='ua-{!unique}'/>]</console>""",
    "channel": """
        <channel {chardev}<target type='virtio' name='org.{!token}.{!unique}'/>
        [<address type='virtio-serial' controller='{0..3}' bus='0' port='{1..31}'/>]</channel>|
        <channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>|
        <channel type='(pty|unix)'><target type='guestfwd' address='192.0.2.{1..9}' port='{!port}'/>
        </channel>|<channel type='pty'><target type='xen' name='x.{!unique}'/></channel>|
        <channel type='qemu-vdagent'><source>[<mouse mode='(client|server)'/>]
        <clipboard copypaste='(yes|no)'/></source><target type='virtio' name='y.{!unique}'/>
        </channel>|<channel type='spiceport'><source channel='org.{!token}'/>
        <target type='virtio' name='z.{!unique}'/></channel>""",
    "chardev": """
        (type='pty'>|type='null'>|type='vc'>|type='stdio'>|type='dev'><source path='{!path}'/>|
        type='file'><source path='{!path}'[ append='(on|off)']>{labels}</source>{log}|
        type='pipe'><source path='{!path}'/>{log}|
        type='tcp'><source mode='connect' host='h.example' service='{!port}'[ tls='(yes|no)']>
        [<reconnect enabled='yes' timeout='{1..9}'/>]</source>
        <protocol type='(raw|telnet|telnets|tls)'/>{log}|
        type='tcp'><source mode='bind' host='127.0.0.1' service='{!port}'/><protocol type='raw'/>|
        type='udp'>[<source mode='bind' host='127.0.0.1' service='{!port}'/>]
        <source mode='connect' host='h.example' service='{!port}'/>|
        type='unix'><source mode='(bind|connect)' path='{!path}'>{labels}</source>{log}|
        type='nmdm'><source master='/dev/nmdm{!unique}A' slave='/dev/nmdm{!unique}B'/>|
        type='dbus'><source channel='org.{!token}'/>)""",
    "log": "[<log file='{!path}'[ append='(on|off)']/>]",
    "labels": "[<seclabel model='dac' relabel='no'/>]",
    "smartcard": """
        <smartcard mode='host'/>|<smartcard mode='host-certificates'>
        <certificate>{!token}</certificate>
        <certificate>{!token}</certificate><certificate>{!token}</certificate>
        [<database>{!path}</database>]</smartcard>|
        <smartcard mode='passthrough' {chardev}
        [<address type='ccid' controller='{0..3}' slot='{0..9}'/>]
        </smartcard>|<smartcard mode='passthrough' type='spicevmc'/>""",
    "redirdev": """
        <redirdev bus='usb' {chardev}[<boot order='{!order}'/>]</redirdev>|
        <redirdev bus='usb' type='spicevmc'>
        [<address type='usb' bus='0' port='{1..9}'/>]</redirdev>""",
    "rng": """
        <rng model='(virtio|virtio-transitional)'>[<rate bytes='{1..9999}'[ period='{1..9999}']/>]
        (<backend model='random'>/dev/(random|urandom|hwrng)</backend>|<backend model='builtin'/>|
        <backend model='egd' {chardev}</backend>)[<driver{virtio}/>]{generic}[{pci}]</rng>""",
}
SCREENS: Final = {
    "graphics": """
        <graphics type='vnc'( port='{!port}'| port='-1' autoport='yes')[ websocket='{!port}']
        [ sharePolicy='(ignore|force-shared|allow-exclusive)'][ powerControl='(yes|no)']
        [ keymap='en-us'][ passwd='{!token}'[ passwdValidTo='2030-01-02T03:04:05']
        [ connected='keep']]>{listen}[<audio id='1'/>]</graphics>|{spice}|
        <graphics type='sdl'[ display=':{0..9}'][ xauth='{!path}'][ fullscreen='(yes|no)']>
        [<gl enable='(yes|no)'/>]</graphics>|
        <graphics type='rdp'( port='{!port}'| autoport='yes')[ replaceUser='yes']
        [ multiUser='yes']>[<listen type='address'/>]
        </graphics>|<graphics type='desktop'[ display=':{0..9}'][ fullscreen='(yes|no)']/>|
        <graphics type='egl-headless'>[<gl rendernode='{!path}'/>]</graphics>|
        <graphics type='dbus'( p2p='yes'| address='unix:path={!plain}')>[<gl enable='(yes|no)'
        [ rendernode='{!path}']/>][<audio id='1'/>]</graphics>""",
    "listen": """
        [<listen type='address'[ address='127.0.0.1']/>|<listen type='network' network='{!token}'/>|
        <listen type='socket' socket='{!path}'/>|<listen type='none'/>]""",
    "spice": """
        <graphics type='spice'( port='{!port}'[ tlsPort='{!port}']| autoport='(yes|no)')
        [ defaultMode='(any|secure|insecure)'][ keymap='de']>{listen}
        [<channel name='main' mode='(any|secure|insecure)'/>][<channel name='display' mode='any'/>]
        [<image compression='(auto_glz|quic|off)'/>][<jpeg compression='(auto|never|always)'/>]
        [<zlib compression='(auto|never|always)'/>][<playback compression='(on|off)'/>]
        [<streaming mode='(filter|all|off)'/>][<mouse mode='(client|server)'/>]
        [<clipboard copypaste='(yes|no)'/>][<filetransfer enable='(yes|no)'/>]
        [<gl enable='(yes|no)'[ rendernode='{!path}']/>]</graphics>""",
    "video": """
        <video>[<driver name='(qemu|vhostuser)'{virtio}/>|<driver vgaconf='(io|on|off)'/>]
        (<model type='qxl' ram='65536' vram='(65536|8192)'[ vram64='16384'] vgamem='16384'
        heads='{1..4}'/>|<model type='virtio' heads='{1..4}'[ blob='(on|off)']>
        [<acceleration accel3d='(yes|no)'[ rendernode='{!path}']/>]
        [<resolution x='{100..999}' y='{100..999}'/>]</model>|
        <model type='(vga|cirrus|bochs|vmvga|xen|gop)'[ vram='(16384|9216)']
        [ heads='1']>[<acceleration accel2d='(yes|no)'/>]</model>|
        <model type='(none|ramfb)'/>){generic}[{pci}]</video>""",
    "sound": """
        <sound model='(ac97|ich6|ich9|es1370|sb16|pcspk|usb)'[ multichannel='(yes|no)']>
        [<codec type='(duplex|micro|output)'/>][<audio id='1'/>]{generic}[{pci}]</sound>""",
    "audio": """
        <audio id='{!audio}' type='none'[ timerPeriod='{1..99}']/>|
        <audio id='{!audio}' type='alsa'><input dev='{!token}'{sound_attrs}</input>
        <output dev='{!token}'{sound_attrs}</output></audio>|
        <audio id='{!audio}' type='coreaudio'><input bufferCount='{1..99}'{sound_attrs}</input>
        <output bufferCount='{1..99}'/></audio>|
        <audio id='{!audio}' type='jack'><input serverName='{!token}' clientName='{!token}'
        connectPorts='{!token}' exactName='(yes|no)'/><output clientName='{!token}'/></audio>|
        <audio id='{!audio}' type='oss'[ tryMMap='(yes|no)'][ exclusive='(yes|no)']
        [ dspPolicy='{1..9}']><input dev='{!path}' bufferCount='{1..9}' tryPoll='(yes|no)'/>
        <output dev='{!path}'/></audio>|
        <audio id='{!audio}' type='pulseaudio' serverName='{!token}'><input name='{!token}'
        streamName='{!token}' latency='{1..99}'/><output name='{!token}'/></audio>|
        <audio id='{!audio}' type='sdl' driver='(esd|alsa|arts|pulseaudio)'>
        <input bufferCount='{1..9}'/><output
        bufferCount='{1..9}'/></audio>|<audio id='{!audio}' type='file' path='{!path}'/>|
        <audio id='{!audio}' type='dbus'/>|<audio id='{!audio}' type='spice'>
        <input{sound_attrs}</input></audio>""",
    "sound_attrs": """
        [ voices='{1..9}'][ bufferLength='{1..99}']( mixingEngine='(yes|no)'>|
         mixingEngine='yes' fixedSettings='yes'>{settings}|>)""",
    "settings": "[<settings frequency='{1..99}' channels='{1..8}' format='(s8|u16|f32)'/>]",
}
HOST: Final = {
    "hostdev": """
        <hostdev mode='subsystem' type='usb' managed='(yes|no)'><source
        [ startupPolicy='(mandatory|requisite|optional)'][ guestReset='(off|uninitialized|on)']>
        (<vendor id='0x{!hex4}'/><product id='0x{!hex4}'/>|<address bus='{1..9}' device='{1..99}'/>|
        <vendor id='0x{!hex4}'/><product id='0x{!hex4}'/><address bus='{1..9}' device='{1..99}'/>)
        </source>{generic}[<address type='usb' bus='0' port='{1..9}'/>]</hostdev>|
        <hostdev mode='subsystem' type='pci' managed='(yes|no)'>[<driver name='(vfio|xen|kvm)'/>]
        <source[ writeFiltering='(yes|no)']>
        <address domain='0x0000' bus='0x{!hex2}' slot='0x{!slot}' function='0x{0..7}'/></source>
        {generic}[{pci}]</hostdev>|
        <hostdev mode='subsystem' type='scsi' managed='(yes|no)'[ sgio='(filtered|unfiltered)']
        [ rawio='(yes|no)']><source><adapter name='scsi_host{0..9}'/>
        <address bus='{0..9}' target='{0..9}' unit='{0..9}'/></source>[<readonly/>][<shareable/>]
        {generic}
        <address type='drive' controller='0' bus='0' target='0' unit='{!unique}'/></hostdev>|
        <hostdev mode='subsystem' type='scsi' managed='no'><source protocol='iscsi'
        name='iqn.2014-08.com.example:{!token}/1'><host name='h.example' port='{!port}'/>
        [<auth username='{!token}'><secret type='iscsi' usage='{!token}'/></auth>]
        [<initiator><iqn name='iqn.2020-01.com:x'/></initiator>]</source>
        <address type='drive' controller='0' bus='0' target='0' unit='{!unique}'/></hostdev>|
        <hostdev mode='subsystem' type='scsi_host' managed='no'
        [ model='(virtio|virtio-transitional)']>
        <source protocol='vhost' wwpn='naa.5123456789abcde{0..9}'/>[{pci}]</hostdev>|
        <hostdev mode='subsystem' type='mdev' managed='no' model='(vfio-pci|vfio-ccw|vfio-ap)'
        [ display='(on|off)'[ ramfb='(on|off)']]><source><address uuid='{!uuid}'/></source>
        </hostdev>|{capability}""",
    "capability": """
        <hostdev mode='capabilities' type=
        ('storage'><source><block>{!path}</block></source>|
        'misc'><source><char>{!path}</char></source>|
        'net'><source><interface>{!token}</interface></source>{ip}{route})</hostdev>""",
    "redirfilter": """
        <redirfilter><usbdev[ class='0x08'][ vendor='0x{!hex4}'][ product='0x{!hex4}']
        [ version='2.0']
        allow='(yes|no)'/>[<usbdev allow='no'/>]</redirfilter>""",
    "tpm": """
        <tpm model='(tpm-tis|tpm-crb|tpm-spapr)'>(<backend type='passthrough'>
        <device path='{!path}'/></backend>|<backend type='emulator' version='(1.2|2.0)'
        [ persistent_state='(yes|no)']>[<encryption secret='{!uuid}'/>]
        [<active_pcr_banks>[<sha1/>]<sha256/>[<sha384/>][<sha512/>]</active_pcr_banks>]</backend>|
        <backend type='external'><source type='unix' mode='connect' path='{!path}'/></backend>)
        [<alias name='ua-{!unique}'/>]</tpm>""",
}
SMALL: Final = {
    "emulator": "<emulator>{!path}</emulator>",
    "input": """
        <input type='(tablet|mouse|keyboard)' bus='(usb|virtio|ps2|xen)'[ model='virtio']>
        [<driver{virtio}/>]{generic}</input>|<input type='passthrough' bus='virtio'>
        <source evdev='{!path}'/></input>|<input type='evdev'><source dev='{!path}'[ grab='all']
        [ grabToggle='(ctrl-ctrl|shift-shift)'][ repeat='(on|off)']/></input>""",
    "hub": """
        <hub type='usb'>[<alias name='ua-{!unique}'/>]
        [<address type='usb' bus='0' port='{1..9}'/>]</hub>""",
    "watchdog": """
        <watchdog model='(i6300esb|ib700|diag288)' action='(reset|poweroff|none|pause|dump)'>
        {generic}[{pci}]</watchdog>""",
    "memballoon": """
        <memballoon model='(virtio|virtio-transitional)'[ autodeflate='(on|off)']
        [ freePageReporting='(on|off)']>[<stats period='{1..99}'/>]{generic}[{pci}]
        [<driver{virtio}/>]
        </memballoon>|<memballoon model='(none|xen)'/>""",
    "nvram": "<nvram>[<address type='spapr-vio' reg='0x{!hex4}'/>]</nvram>",
    "panic": """
        <panic[ model='(isa|pseries|hyperv|s390)']>[<address type='isa' iobase='0x505'
        [ irq='0x5']/>][<alias name='ua-{!unique}'/>]</panic>""",
    "shmem": """
        <shmem name='s{!unique}'[ role='(master|peer)']><model type='(ivshmem|ivshmem-plain)'/>
        [<size unit='(M|MiB|KiB)'>4</size>]{generic}</shmem>|
        <shmem name='s{!unique}'><model type='ivshmem-doorbell'/>[<server path='{!path}'/>
        [<msi[ vectors='{1..32}'] ioeventfd='(on|off)'/>]]</shmem>""",
    "memory_device": """
        <memory model='(dimm|nvdimm)'[ access='(shared|private)'][ discard='(yes|no)']>
        [<uuid>{!uuid}</uuid>]{memory_source}<target>
        <size unit='(KiB|MiB)'>{256..300}</size><node>{0..3}</node>
        [<label><size unit='KiB'>128</size></label>][<readonly/>]</target>
        [<address type='dimm' slot='{0..9}'[ base='0x1000000{0..9}']/>]</memory>|
        <memory model='(virtio-pmem)'><source><path>{!path}</path></source><target>
        <size unit='KiB'>{1024..9999}</size></target></memory>|
        <memory model='virtio-mem'>[<source><nodemask>{!cpuset}</nodemask>
        <pagesize unit='KiB'>(2048|4)</pagesize></source>]<target>
        <size unit='KiB'>{4096..9999}</size><node>{0..3}</node><block unit='KiB'>2048</block>
        <requested unit='KiB'>2048</requested>
        [<address base='0x15000000{0..9}'/>]</target></memory>|
        <memory model='sgx-epc'><source><nodemask>{!cpuset}</nodemask></source><target>
        <size unit='KiB'>{1024..9999}</size>[<node>0</node>]</target></memory>""",
    "memory_source": """
        (|<source><path>{!path}</path><alignsize unit='KiB'>(2048|4)</alignsize></source>|
        <source><path>{!path}</path>[<alignsize unit='KiB'>(2048|4)</alignsize>][<pmem/>]</source>|
        <source><pagesize unit='KiB'>(2048|4)</pagesize><nodemask>{!cpuset}</nodemask></source>)""",
    "iommu": """
        <iommu model='intel'>[<driver[ intremap='(on|off)'][ caching_mode='(on|off)']
        [ eim='(on|off)']
        [ iotlb='(on|off)'] aw_bits='(39|48)'/>]</iommu>|<iommu model='(smmuv3|virtio)'/>""",
    "vsock": """
        <vsock model='(virtio|virtio-transitional)'>(<cid auto='(yes|no)' address='{3..99}'/>|
        <cid auto='yes'/>){generic}[{pci}][<driver{virtio}/>]</vsock>""",
}
# Several of these in a domain, and one at most of those.
KINDS: Final = [
    "disk",
    "disk",
    "disk",
    "disk_network",
    "disk_drive",
    "controller",
    "controller",
    "pci_controller",
    "lease",
    "filesystem",
    "filesystem",
    "interface",
    "interface",
    "interface",
    "smartcard",
    "serial",
    "parallel",
    "console",
    "channel",
    "input",
    "graphics",
    "spice",
    "sound",
    "audio",
    "video",
    "hostdev",
    "hostdev",
    "redirdev",
    "hub",
    "rng",
    "shmem",
    "memory_device",
    "memory_device",
    "emulator",
    "redirfilter",
    "tpm",
    "panic",
    "watchdog",
    "memballoon",
    "nvram",
    "iommu",
    "vsock",
]
ONCE: Final = [
    "emulator",
    "redirfilter",
    "tpm",
    "panic",
    "watchdog",
    "memballoon",
    "nvram",
    "iommu",
    "vsock",
]

DEVICES: Final = {**CHARACTERS, **SCREENS, **HOST, **SMALL}
