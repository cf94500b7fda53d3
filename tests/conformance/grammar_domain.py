"""Grammar of a domain, less its devices: what libvirt 9.0 reads and prints."""

from __future__ import annotations

from typing import Final

__all__ = ["DOMAIN", "PROCESSORS", "SECTIONS", "SYSTEMS"]

HEAD: Final = {
    "domain_name": "<name>(test|a b|R&amp;D|.x|{!token})</name>",
    "title": "<title>{!line}</title>",
    "description": "<description>{!text}</description>",
    "genid": "<genid>{!uuid}</genid>",
    "memory": "<memory{dump}[ unit='(KiB|k|KB|MiB|M)']>{1048576..9999999}</memory>{current}",
    "dump": "[ dumpCore='(on|off)']",
    "unit": "[ unit='(KiB|k|KB|MiB|M|b|bytes)']",
    "current": "[<currentMemory{unit}>{1024..9999}</currentMemory>]",
    "max_memory": "<maxMemory slots='{1..16}' unit='(MiB|GB|M)'>{20000000..99999999}</maxMemory>",
}
TUNING: Final = {
    "blkiotune": """
        <blkiotune>[<weight>{100..1000}</weight>]{blkio_device*}</blkiotune>""",
    "blkio_device": """
        <device><path>/dev/{!unique}</path><weight>{100..1000}</weight>
        [<read_iops_sec>{1..9999}</read_iops_sec>][<write_iops_sec>{1..9999}</write_iops_sec>]
        [<read_bytes_sec>{1..9999}</read_bytes_sec>]
        [<write_bytes_sec>{1..9999}</write_bytes_sec>]</device>""",
    "memtune": """
        <memtune>[<hard_limit{unit}>{1024..9999}</hard_limit>]
        [<soft_limit{unit}>{1024..9999}</soft_limit>]
        [<min_guarantee{unit}>{1024..9999}</min_guarantee>]
        [<swap_hard_limit{unit}>{10000..99999}</swap_hard_limit>]</memtune>""",
    "memory_backing": """
        <memoryBacking>
        [<hugepages>[<page size='(2|2048)' unit='(MiB|KiB)' nodeset='{!cpuset}'/>]</hugepages>]
        [<nosharepages/>][<locked/>][<source type='(file|anonymous|memfd)'/>]
        [<access mode='(shared|private)'/>]
        [<allocation mode='(immediate|ondemand)'[ threads='{1..8}']/>][<discard/>]
        </memoryBacking>""",
    "vcpu": "<vcpu[ placement='static'][ cpuset='{!cpuset}'][ current='{1..4}']>{4..8}</vcpu>",
    "vcpus": """
        <vcpu placement='static' current='(1|2)'>3</vcpu>
        <vcpus><vcpu id='0' enabled='yes' hotpluggable='no'[ order='1']/>
        <vcpu id='1' enabled='no' hotpluggable='yes'/>
        <vcpu id='2' enabled='no' hotpluggable='yes'/></vcpus>""",
    "iothreads": """
        <iothreads>{4..6}</iothreads>[<iothreadids>
        <iothread id='{1..2}'[ thread_pool_min='{0..4}' thread_pool_max='{4..8}']/>
        <iothread id='{3..4}'/></iothreadids>]
        [<defaultiothread thread_pool_min='{1..4}' thread_pool_max='{4..8}'/>]""",
    "cputune": """
        <vcpu>{4..8}</vcpu><cputune>[<shares>{2..9999}</shares>][<period>{1000..9999}</period>]
        [<quota>{1000..9999}</quota>]
        [<global_period>{1000..9999}</global_period>][<global_quota>{1000..9999}</global_quota>]
        [<emulator_period>{1000..9999}</emulator_period>]
        [<emulator_quota>{1000..9999}</emulator_quota>]
        [<iothread_period>{1000..9999}</iothread_period>]
        [<iothread_quota>{1000..9999}</iothread_quota>]
        {pins}[<emulatorpin cpuset='{!cpuset}'/>]{schedulers}{cachetune}{memorytune}</cputune>""",
    "pins": "[<vcpupin vcpu='0' cpuset='{!cpuset}'/>[<vcpupin vcpu='1' cpuset='{!cpuset}'/>]]",
    "schedulers": """
        [<emulatorsched scheduler='fifo' priority='{1..99}'/>]
        [<vcpusched vcpus='(0|0-1)' scheduler='(rr|fifo)' priority='{1..99}'/>
        [<vcpusched vcpus='2' scheduler='(idle|batch)'/>]]""",
    "cachetune": """
        [<cachetune vcpus='0'><cache id='0' level='3' type='(both|code|data)' size='{1..9}'
         unit='(KiB|MiB)'/>[<monitor level='3' vcpus='0'/>]</cachetune>]""",
    "memorytune": """
        [<memorytune vcpus='3'><node id='(0|1)' bandwidth='{10..90}'/>
        [<monitor vcpus='3'/>]</memorytune>]""",
    "iothread_tuning": """
        <iothreads>2</iothreads><cputune><iothreadpin iothread='(1|2)' cpuset='{!cpuset}'/>
        [<iothreadsched iothreads='1' scheduler='(batch|idle)'/>]
        [<iothreadsched iothreads='2' scheduler='fifo' priority='{1..99}'/>]</cputune>""",
    "numatune": """
        <numatune><memory mode='(strict|interleave|preferred|restrictive)'
         nodeset='{!cpuset}'/></numatune>""",
    "numa": """
        <vcpu placement='static'>4</vcpu>
        <numatune><memory mode='strict' nodeset='0-1'/>
        <memnode cellid='0' mode='(strict|preferred)' nodeset='(0|1)'/></numatune>
        <cpu>[<topology sockets='2' dies='1' cores='2' threads='1'/>]<numa>
        <cell id='0' cpus='0-1' memory='{1024..4096}' unit='(KiB|MiB)'
        [ memAccess='(shared|private)'][ discard='(yes|no)']>{distances}{cell_cache}</cell>
        <cell id='1' cpus='2-3' memory='{1024..4096}' unit='(KiB|MiB)'/>
        {interconnects}</numa></cpu>""",
    "distances": """
        [<distances><sibling id='0' value='10'/><sibling id='1' value='{11..99}'/></distances>]""",
    "cell_cache": """
        [<cache level='1' associativity='(none|direct|full)' policy='(none|writeback|writethrough)'>
        <size value='{1..64}' unit='(KiB|MiB)'/><line value='{8..256}' unit='B'/></cache>]""",
    "interconnects": """
        [<interconnects><latency initiator='0' target='0' type='(access|read|write)' value='5'/>
        [<latency initiator='0' target='0' cache='1' type='access' value='{1..9}'/>]
        <bandwidth initiator='0' target='(0|1)' type='(access|read)' value='2048' unit='(KiB|MiB)'/>
        </interconnects>]""",
    "resource": """
        <resource><partition>{!path}</partition>[<fibrechannel appid='{!token}'/>]</resource>""",
    "idmap": """
        <idmap><uid start='0' target='{1..9999}' count='{1..9}'/>
        [<uid start='9' target='1' count='1'/>]
        <gid start='0' target='{1..9999}' count='{1..9}'/></idmap>""",
    "perf": "<perf>{perf_event+}</perf>",
    "perf_event": "<event name='{!perf}' enabled='(yes|no)'/>",
    "pm": "<pm>[<suspend-to-mem enabled='(yes|no)'/>]<suspend-to-disk enabled='(yes|no)'/></pm>",
    "on": """
        [<on_poweroff>(destroy|restart|preserve|rename-restart)</on_poweroff>]
        [<on_reboot>(restart|destroy|preserve|rename-restart)</on_reboot>]
        [<on_crash>(destroy|restart|coredump-destroy|coredump-restart|preserve)</on_crash>]
        [<on_lockfailure>(poweroff|restart|pause|ignore)</on_lockfailure>]""",
    "clock": """
        <clock (offset='utc'|offset='utc' adjustment='reset'|offset='localtime'|
        offset='timezone' timezone='{!token}'|offset='variable' adjustment='{0..99}'
        [ basis='(utc|localtime)']|offset='absolute' start='{1..99999}')>
        [<timer name='platform' track='(boot|guest|wall)'/>]
        [<timer name='rtc'[ present='(yes|no)'] tickpolicy='catchup'[ track='(guest|wall)']>
        <catchup threshold='{1..99}' slew='{1..99}' limit='{1..999}'/></timer>]
        [<timer name='pit' tickpolicy='(delay|discard)'/>]
        [<timer name='tsc' frequency='{1..99999}' mode='(auto|native|emulate|paravirt|smpsafe)'/>]
        [<timer name='(hpet|kvmclock|hypervclock|armvtimer)' present='(yes|no)'/>]</clock>""",
}
MACHINE: Final = {
    "sysinfo": """
        <sysinfo type='smbios'>[<bios><entry name='vendor'>{!line}</entry>
        [<entry name='date'>01/02/2013</entry>]</bios>]
        [<system>[<entry name='manufacturer'>{!line}</entry>]<entry name='serial'>{!line}</entry>
        </system>]{base_board*}[<chassis><entry name='asset'>{!line}</entry></chassis>]
        [<oemStrings><entry>{!line}</entry>[<entry>{!line}</entry>]</oemStrings>]</sysinfo>""",
    "base_board": "<baseBoard><entry name='(product|version|location)'>{!line}</entry></baseBoard>",
    "fwcfg": """
        <sysinfo type='fwcfg'><entry name='opt/{!token}'>{!line}</entry>
        [<entry name='opt/x' file='{!path}'/>]</sysinfo>""",
    "bootloader": "<bootloader>{!path}</bootloader>[<bootloader_args>{!line}</bootloader_args>]",
    "os": """
        <os><type[ arch='(x86_64|i686|aarch64|s390x|ppc64)'][ machine='(pc|q35|virt)']>hvm</type>
        {os_loader}{os_kernel}[<acpi><table type='slic'>{!path}</table></acpi>]
        {os_boot*}[<bootmenu enable='(yes|no)'[ timeout='{0..9999}']/>]
        [<bios[ useserial='(yes|no)'] rebootTimeout='{0..9999}'/>]
        [<smbios mode='(host|emulate|sysinfo)'/>]</os>""",
    "os_loader": """
        [<loader[ readonly='(yes|no)'][ secure='(yes|no)']
        [ stateless='(yes|no)'] type='(rom|pflash)'>{!path}</loader>
        (|<nvram[ template='{!path}']>{!path}</nvram>|<nvram type='file'>
        <source file='{!path}'/></nvram>|
        <nvram type='block'><source dev='{!path}'/></nvram>)]""",
    "os_kernel": """
        [<kernel>{!path}</kernel>[<initrd>{!path}</initrd>][<cmdline>{!line}</cmdline>]
        [<dtb>{!path}</dtb>][<root>{!path}</root>]]""",
    "os_boot": "<boot dev='(hd|cdrom|network|fd)'/>",
    "os_firmware": """
        <os firmware='(efi|bios)'><type>hvm</type><firmware>
        <feature enabled='(yes|no)' name='enrolled-keys'/>
        [<feature enabled='yes' name='secure-boot'/>]</firmware></os>""",
    "os_container": """
        <os><type>exe</type><init>{!path}</init>[<initarg>{!line}</initarg>]
        [<initarg>{!token}</initarg>][<initenv name='{!token}'>{!token}</initenv>]
        [<initdir>{!path}</initdir>][<inituser>{!token}</inituser>]
        [<initgroup>{!token}</initgroup>]</os>""",
    "cpu": """
        <cpu[ mode='custom'][ match='(exact|minimum|strict)'][ check='(none|partial|full)']>
        <model[ fallback='(allow|forbid)'][ vendor_id='AuthenticAMD']>(qemu64|Haswell|486)</model>
        [<vendor>(Intel|AMD)</vendor>]{cpu_rest}{cpu_features}</cpu>|<cpu>{cpu_rest}</cpu>""",
    "cpu_host": """
        <cpu mode='(host-passthrough|maximum)'[ check='none'][ migratable='(on|off)']>
        [<counter name='tsc' frequency='{1..99999}'[ scaling='(yes|no)']/>]
        {cpu_rest}{cpu_features}</cpu>|<cpu mode='host-model'>{cpu_rest}{cpu_features}</cpu>""",
    "cpu_rest": """
        [<topology sockets='(1|2)'[ dies='(1|2)'] cores='(1|2)' threads='(1|2)'/>]
        [<cache level='3' mode='emulate'/>|<cache mode='(passthrough|disable)'/>]
        [<maxphysaddr mode='emulate' bits='{32..52}'/>|<maxphysaddr mode='passthrough'/>]""",
    "cpu_features": """
        [<feature[ policy='(force|require|optional|disable|forbid)'] name='vmx'/>]
        [<feature policy='disable' name='(lahf_lm|aes)'/>]""",
    "seclabel": """
        <seclabel type='static' model='(selinux|dac|apparmor)' relabel='(yes|no)'>
        <label>{!token}</label></seclabel>|
        <seclabel type='dynamic' model='(selinux|dac)'[ relabel='yes']>
        [<baselabel>{!token}</baselabel>]</seclabel>|<seclabel type='none' model='none'/>""",
    "keywrap": """
        <keywrap><cipher name='aes' state='(on|off)'/>
        [<cipher name='dea' state='(on|off)'/>]</keywrap>""",
    "launch_security": """
        <launchSecurity type='sev'[ kernelHashes='(yes|no)']>[<cbitpos>{1..63}</cbitpos>]
        [<reducedPhysBits>{1..9}</reducedPhysBits>]<policy>0x(0001|3|000F)</policy>
        [<dhCert>{!token}</dhCert>][<session>{!token}</session>]</launchSecurity>|
        <launchSecurity type='s390-pv'/>""",
}
FEATURES: Final = {
    "features": """
        <features>[<acpi/>][<apic[ eoi='(on|off)']/>][<pae/>][<hap[ state='(on|off)']/>]
        [<viridian/>][<privnet/>]{hyperv}{kvm}[<pvspinlock[ state='(on|off)']/>]
        {capabilities}[<pmu state='(on|off)'/>][<vmport state='(on|off)'/>]
        [<gic[ version='(2|3|host)']/>][<smm state='on'>
        [<tseg unit='(MiB|KiB)'>{1..64}</tseg>]</smm>]
        [<ioapic driver='(kvm|qemu)'/>]{features_rest}</features>""",
    "features_rest": """
        [<hpt resizing='(enabled|disabled|required)'>
        [<maxpagesize unit='(KiB|MiB|GiB)'>{1..16}</maxpagesize>]</hpt>]
        [<vmcoreinfo state='(on|off)'/>][<htm state='(on|off)'/>][<nested-hv state='(on|off)'/>]
        [<msrs unknown='(ignore|fault)'/>][<ccf-assist state='(on|off)'/>]{xen}
        [<cfpc value='(broken|workaround|fixed)'/>][<sbbc value='(broken|workaround|fixed)'/>]
        [<ibs value='(broken|workaround|fixed-ibs|fixed-ccd|fixed-na)'/>]
        [<tcg><tb-cache unit='(MiB|KiB)'>{1..256}</tb-cache></tcg>]""",
    "hyperv": """
        [<hyperv[ mode='custom']>[<relaxed state='(on|off)'/>][<vapic state='(on|off)'/>]
        [<spinlocks state='on' retries='{4096..9999}'/>|<spinlocks state='off'/>]
        [<vpindex state='(on|off)'/>][<runtime state='(on|off)'/>][<synic state='(on|off)'/>]
        [<stimer state='on'>[<direct state='(on|off)'/>]</stimer>][<reset state='(on|off)'/>]
        [<vendor_id state='on' value='{!token}'/>][<frequencies state='(on|off)'/>]
        [<reenlightenment state='(on|off)'/>][<tlbflush state='(on|off)'/>]
        [<ipi state='(on|off)'/>][<evmcs state='(on|off)'/>][<avic state='(on|off)'/>]</hyperv>|
        <hyperv mode='passthrough'/>|<hyperv><stimer state='on'><direct state='(on|off)'/></stimer>
        </hyperv>]""",
    "kvm": """
        [<kvm>[<hidden state='(on|off)'/>][<hint-dedicated state='(on|off)'/>]
        [<poll-control state='(on|off)'/>][<pv-ipi state='(on|off)'/>]
        [<dirty-ring state='on' size='(4096|1024)'/>]</kvm>]""",
    "xen": """
        [<xen><e820_host state='(on|off)'/>[<passthrough state='on'
        [ mode='(sync_pt|share_pt)']/>]</xen>]""",
    "capabilities": """
        [<capabilities policy='(default|allow|deny)'>[<audit_control state='(on|off)'/>]
        <mknod state='(on|off)'/>[<chown state='(on|off)'/><kill state='(on|off)'/>
        <sys_admin state='(on|off)'/><net_raw state='(on|off)'/><syslog state='(on|off)'/>]
        [<wake_alarm state='(on|off)'/>]</capabilities>]""",
}
SECTIONS: Final = [
    "title",
    "description",
    "genid",
    "metadata",
    "metadata",
    "max_memory",
    "blkiotune",
    "memtune",
    "memory_backing",
    "iothread_tuning",
    "resource",
    "idmap",
    "perf",
    "pm",
    "on",
    "clock",
    "sysinfo",
    "fwcfg",
    "seclabel",
    "keywrap",
    "launch_security",
    "features",
    "features",
    "features",
]
# Of these each domain has one at most: they name the same elements.
PROCESSORS: Final = [
    "vcpu",
    "vcpus",
    "iothreads",
    "cputune",
    "numatune",
    "numa",
    "numa",
    "cpu",
    "cpu_host",
]
SYSTEMS: Final = ["os", "os_firmware", "os_container"]

DOMAIN: Final = {**HEAD, **TUNING, **MACHINE, **FEATURES}
