/* Every code of error.def is reached, at the byte that is to blame. */
#include "check.h"

typedef struct {
    lx_code code;
    lx_mode mode;
    const char *text; /* '^' stands before the byte that the error names */
    size_t len;
    bool whole; /* nothing can be put before it */
} sample;

#define IN(code, mode, text) {LX_E_##code, LX_##mode, text, sizeof(text) - 1, false}
#define XML(code, text) IN(code, REDEFINE, text)
#define WHOLE(code, text) {LX_E_##code, LX_REDEFINE, text, sizeof(text) - 1, true}

#define A_NAME "<name>s</name>"
#define A_STATE "<state>running</state>"
#define A_TIME "<creationTime>5</creationTime>"
#define GOOD A_NAME A_STATE A_TIME
#define BARE(body) "<domainsnapshot>" body "</domainsnapshot>"
#define SNAP(code, body) IN(code, REDEFINE, BARE(GOOD body))
#define OFF(code, body) IN(code, REDEFINE, BARE(A_NAME "<state>shutoff</state>" A_TIME body))
#define DISK(code, disk) SNAP(code, "<disks><disk name='ok'/>^" disk "</disks>")
#define CACHE(attributes, text)                                                        \
    SNAP(DISK_CACHE, "<disks><disk name='a'><driver><metadata_cache>^<max_size" attributes \
                     ">" text "</max_size></metadata_cache></driver></disk></disks>")

static const sample xml[] = {
    XML(UTF8, "<a>^\xff</a>"),
    XML(UTF8, "<a b='\xc3\xa9^\xc3'/>"),
    XML(UTF8, "<a>^\xed\xa0\x80</a>"),
    XML(UTF8, "<a/>^\xe2\x82"),
    WHOLE(UTF16, "^\xff\xfe<\0a\0/\0>\0"),
    WHOLE(UTF16, "^\xfe\xff\0<\0a\0/\0>"),
    WHOLE(UTF16, "^<\0a\0/\0>\0"),
    WHOLE(UTF16, "^\0<\0a\0/\0>"),
    WHOLE(ENCODING_DECLARED, "<?xml version='1.0' encoding='^ISO-8859-1'?><a/>"),
    WHOLE(ENCODING_DECLARED, "<?xml version='1.0' encoding = \"^utf8\"?><a/>"),
    WHOLE(ENCODING_DECLARED, "<?xml version='1.0' encoding='^'?><a/>"),
    XML(CHAR, "<a>^\x01</a>"),
    XML(CHAR, "<a>x^\0</a>"),
    XML(CHAR, "<a b='^\xef\xbf\xbe'/>"),
    XML(CHAR, "<a><!--^\x1f--></a>"),
    XML(EMPTY, "^"),
    XML(EMPTY, " \n<!-- c --><?p?>^"),
    XML(OUTSIDE_ROOT, "^x<domain/>"),
    XML(OUTSIDE_ROOT, "<domain/>^x"),
    XML(OUTSIDE_ROOT, "<domain/> ^&#32;"),
    XML(OUTSIDE_ROOT, "<domain/><!---->^<domain/>"),
    WHOLE(DECLARATION, "^<?xml encoding='UTF-8'?><a/>"),
    WHOLE(DECLARATION, "^<?xml version='1.0'><a/>"),
    WHOLE(DECLARATION, "^<?xml version='1.0' standalone='no' encoding='utf-8'?><a/>"),
    WHOLE(DECLARATION, "<?xml version='1.0' standalone='^maybe'?><a/>"),
    WHOLE(DECLARATION, "^<?xml version='1.0& ?><a/>"),
    WHOLE(DECLARATION, "^<?xml version='1.0' standalone='yes& ?><a/>"),
    WHOLE(DECLARATION, "^<?xml version='1.0' encoding='utf-8< ?><a/>"),
    WHOLE(VERSION, "<?xml version='^1.1'?><a/>"),
    XML(NAME, "<^1/>"),
    XML(NAME, "<^ a/>"),
    XML(NAME, "<a><^\xc3\x97/></a>"),
    XML(NAME, "<a ^-b=''/>"),
    XML(NAME, "<a xmlns:p='u' ^1='' p:c=''/>"),
    XML(NAME, "<a xmlns:p='' ^1=''/>"),
    XML(NAME, "<^1 xmlns:p=''/>"),
    XML(TAG, "<a ^/ >"),
    XML(TAG, "<a b='1'^c='2'/>"),
    XML(TAG, "<a></a ^b>"),
    XML(TAG_MISMATCH, "<a>^</b>"),
    XML(TAG_MISMATCH, "^</a>"),
    XML(TAG_MISMATCH, "<domain><devices><disk/>^</domain>"),
    XML(TAG_UNCLOSED, "<a>^"),
    XML(TAG_UNCLOSED, "<a><b/> text^"),
    XML(TAG_UNCLOSED, "<a ^b='c/>"),
    XML(ATTRIBUTE, "<a b=^c/>"),
    XML(ATTRIBUTE, "<a b^/>"),
    XML(ATTRIBUTE, "<a b='^<'/>"),
    XML(ATTRIBUTE, "<a ^='1'/>"),
    XML(ATTRIBUTE_TWICE, "<a b='1' c='' ^b='2'/>"),
    XML(ATTRIBUTE_TWICE, "<domain type='' id='' ^type=''/>"),
    XML(ATTRIBUTE_TWICE, "<a xmlns:p='u' p:b='1' ^p:b='2'/>"),
    XML(REFERENCE, "<a>x ^&#0;</a>"),
    XML(REFERENCE, "<a b='^&#xD800;'/>"),
    XML(REFERENCE, "<a>^&#x110000;</a>"),
    XML(REFERENCE, "<a>^&#65534;</a>"),
    XML(REFERENCE, "<a>^&#X41;</a>"),
    XML(REFERENCE, "<a>^&#99999999999999999999;</a>"),
    XML(REFERENCE, "<a>^&amp </a>"),
    XML(REFERENCE, "<a>^&;</a>"),
    XML(ENTITY, "<a>^&nbsp;</a>"),
    XML(ENTITY, "<a b='&amp;^&AMP;'/>"),
    XML(COMMENT, "<a><!-- ^-- --></a>"),
    XML(COMMENT, "<a><!-- ^---></a>"),
    XML(COMMENT, "<a>^<!-- </a>"),
    XML(COMMENT, "<a>^<!--></a>"),
    XML(PI, "<a>^<?xml version='1.0'?></a>"),
    XML(PI, "<a>^<?XmL?></a>"),
    XML(PI, "<a>^<? p?></a>"),
    XML(PI, "<a>^<?p ?</a>"),
    XML(PI, "<a>^<?p:q </a>"),
    XML(CDATA, "<a>^<![CDATA[ ]] ></a>"),
    XML(CDATA_END, "<a>x^]]></a>"),
    XML(MARKUP, "<a>^<!ELEMENT x></a>"),
    XML(MARKUP, "<a>^<![cdata[x]]></a>"),
    XML(MARKUP, "<a/>^<![CDATA[x]]>"),
    XML(DOCTYPE, "^<!DOCTYPE a><a/>"),
    XML(DOCTYPE, "<!-- c -->\n^<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"),
    XML(DOCTYPE, "<a>^<!DOCTYPE a></a>"),
    XML(NS_UNBOUND, "<^p:a/>"),
    XML(NS_UNBOUND, "<a ^p:b=''/>"),
    XML(NS_UNBOUND, "<a><b xmlns:p='u'/><^p:c/></a>"),
    XML(NS_NAME, "<^a:b:c/>"),
    XML(NS_NAME, "<^:a/>"),
    XML(NS_NAME, "<a ^b:=''/>"),
    XML(NS_NAME, "<a><?^p:q?></a>"),
    XML(NS_RESERVED, "<a ^xmlns:xml='urn:x'/>"),
    XML(NS_RESERVED, "<a ^xmlns:xmlns='urn:x'/>"),
    XML(NS_RESERVED, "<a ^xmlns:p='http://www.w3.org/XML/1998/namespace'/>"),
    XML(NS_RESERVED, "<a ^xmlns='http://www.w3.org/2000/xmlns&#47;'/>"),
    XML(NS_RESERVED, "<^xmlns:a/>"),
    XML(NS_EMPTY, "<a ^xmlns:p=''/>"),
    XML(NS_TWICE, "<a xmlns:p='u' xmlns:q='&#117;' p:x='' ^q:x=''/>"),
};

static const sample semantic[] = {
    XML(NOT_A_SNAPSHOT, "^<a/>"),
    XML(NOT_A_SNAPSHOT, "<!-- -->^<domainsnapshot xmlns='u'/>"),
    XML(NOT_A_SNAPSHOT, "^<p:domainsnapshot xmlns:p='u'/>"),
    XML(NOT_A_SNAPSHOT, "^<Domain/>"),
    XML(NAME_MISSING, "^<domainsnapshot/>"),
    XML(NAME_MISSING, BARE(A_STATE A_TIME "^<name></name>")),
    XML(NAME_MISSING, "^" BARE(A_STATE A_TIME "<name xmlns='u'>s</name>")),
    XML(TIME_MISSING, "^" BARE(A_NAME A_STATE)),
    XML(TIME_MISSING, BARE(A_NAME A_STATE "^<creationTime/>")),
    XML(TIME_INVALID, BARE(A_NAME A_STATE "^<creationTime>1.5</creationTime>")),
    XML(TIME_INVALID, BARE(A_NAME A_STATE "^<creationTime>5 </creationTime>")),
    XML(TIME_INVALID, BARE(A_NAME A_STATE "^<creationTime>9223372036854775808</creationTime>")),
    XML(TIME_INVALID, BARE(A_NAME A_STATE "^<creationTime>-9223372036854775809</creationTime>")),
    XML(TIME_INVALID, BARE(A_NAME A_STATE "^<creationTime>0x10</creationTime>")),
    XML(TIME_INVALID, BARE(A_NAME A_STATE "^<creationTime>- 1</creationTime>")),
    IN(TIME_INVALID, CREATE, BARE("^<creationTime>x</creationTime>")),
    XML(STATE_MISSING, "^" BARE(A_NAME A_TIME)),
    XML(STATE_INVALID, BARE(A_NAME A_TIME "^<state>on</state>")),
    XML(STATE_INVALID, BARE(A_NAME A_TIME "^<state> running</state>")),
    XML(STATE_INVALID, BARE(A_NAME A_TIME "^<state>nostate</state>")),
    SNAP(UUID_INVALID, "<domain>^<uuid>x</uuid></domain>"),
    SNAP(UUID_INVALID, "<domain id='1'>^<uuid>6695eb01-f6a4-8304-79aa-97f2502e193</uuid></domain>"),
    SNAP(UUID_INVALID, "<domain>^<uuid>6695eb01-f6a4-8304-79aa-97f2502e193f0</uuid></domain>"),
    SNAP(UUID_INVALID, "<domain>^<uuid>6695eb01-f6a4-8304-79aa-97f2502e193f-</uuid></domain>"),
    SNAP(UUID_INVALID, "<domain>^<uuid>6-695eb01f6a4830479aa97f2502e193f</uuid></domain>"),
    SNAP(UUID_INVALID, "<inactiveDomain>^<uuid>x</uuid></inactiveDomain>"),
    XML(UUID_INVALID, "<domain>^<uuid>{6695eb01f6a4830479aa97f2502e193f}</uuid></domain>"),
    SNAP(MEMORY_INVALID, "^<memory snapshot='x'/>"),
    SNAP(MEMORY_INVALID, "^<memory snapshot=''/>"),
    SNAP(MEMORY_MANUAL, "^<memory snapshot='manual'/>"),
    SNAP(MEMORY_FILE_REQUIRES_EXTERNAL, "^<memory snapshot='no' file='/m'/>"),
    IN(MEMORY_FILE_REQUIRES_EXTERNAL, CREATE, BARE("^<memory snapshot='internal' file='/m'/>")),
    SNAP(MEMORY_EXTERNAL_REQUIRES_FILE, "^<memory snapshot='external'/>"),
    OFF(MEMORY_OFFLINE, "^<memory snapshot='internal'/>"),
    OFF(MEMORY_OFFLINE, "^<memory file='m'/>"),
    SNAP(MEMORY_RELATIVE, "^<memory file='m'/>"),
    SNAP(MEMORY_RELATIVE, "^<memory file='' snapshot='external'/>"),
    DISK(DISK_NAME, "<disk/>"),
    DISK(DISK_NAME, "<disk xmlns:p='u' p:name='a' snapshot='x'/>"),
    SNAP(DISK_NAME, "<revertDisks>^<disk/></revertDisks>"),
    DISK(DISK_SNAPSHOT, "<disk name='a' snapshot='x'/>"),
    DISK(DISK_SNAPSHOT, "<disk name='a' snapshot=''/>"),
    DISK(DISK_TYPE, "<disk name='a' type='x'/>"),
    DISK(DISK_TYPE, "<disk name='a' type=''/>"),
    DISK(DISK_TYPE_UNSUPPORTED, "<disk name='a' type='dir'/>"),
    DISK(DISK_TYPE_UNSUPPORTED, "<disk name='a' type='volume'/>"),
    DISK(DISK_DRIVER, "<disk name='a'><driver type='x'/></disk>"),
    DISK(DISK_DRIVER, "<any name='a'><driver type='none'/></any>"),
    CACHE(" unit='x'", "1"),
    CACHE("", "x"),
    CACHE("", "-1"),
    CACHE("", "18446744073709551616"),
    CACHE(" unit='EiB'", "16"),
    DISK(DISK_RELATIVE, "<disk name='a'><source file='x'/></disk>"),
    DISK(DISK_RELATIVE, "<disk name='a' type='block'><source dev='x'/></disk>"),
    DISK(DISK_PROTOCOL_MISSING, "<disk name='a' type='network'><source/></disk>"),
    DISK(DISK_PROTOCOL, "<disk name='a' type='network'><source protocol='x'/></disk>"),
    DISK(DISK_SOURCE_NAME, "<disk name='vda' type='network'>"
         "<source protocol='iscsi'></source></disk>"),
    DISK(DISK_SOURCE_NAME, "<disk name='vda' type='network'>"
         "<source protocol='none'></source></disk>"),
    DISK(DISK_TLS, "<disk name='vda' type='network'>"
         "<source protocol='nbd' tls='on'></source></disk>"),
    DISK(DISK_TLS, "<disk name='vda' type='network'>"
         "<source protocol='nbd' tls=''></source></disk>"),
    DISK(DISK_TLS_CONFIG, "<disk name='vda' type='network'>"
         "<source protocol='nbd' tlsFromConfig='0x1'></source></disk>"),
    DISK(DISK_TLS_CONFIG, "<disk name='vda' type='network'>"
         "<source protocol='nbd' tlsFromConfig='2147483648'></source></disk>"),
    DISK(DISK_SOURCE_POOL, "<disk name='vda' type='network'>"
         "<source protocol='rbd' name='a'></source></disk>"),
    DISK(DISK_SOURCE_POOL, "<disk name='vda' type='network'>"
         "<source protocol='gluster' name='/a/b'></source></disk>"),
    DISK(DISK_SOURCE_POOL, "<disk name='vda' type='network'>"
         "<source protocol='gluster' name=''></source></disk>"),
    DISK(DISK_HOST_TRANSPORT, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host name='h' transport='fd'/></source></disk>"),
    DISK(DISK_HOST_TRANSPORT, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host transport='' "
         "socket='/s'/></source></disk>"),
    DISK(DISK_HOST_SOCKET, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host name='h' "
         "transport='unix'/></source></disk>"),
    DISK(DISK_HOST_NO_SOCKET, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host socket='/s'/></source></disk>"),
    DISK(DISK_HOST_NO_SOCKET, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host name='h' transport='rdma' "
         "socket='/s'/></source></disk>"),
    DISK(DISK_HOST_NAME, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host name='h'/><host "
         "port='x'/></source></disk>"),
    DISK(DISK_HOST_PORT, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host name='h' port='7 '/></source></disk>"),
    DISK(DISK_HOST_PORT, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host name='h' port='-1' "
         "transport='rdma'/></source></disk>"),
    DISK(DISK_HOST_PORT, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host name='h' port='65536'/></source></disk>"),
    DISK(DISK_HOST_PORT, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><host name='h' port=''/></source></disk>"),
    DISK(DISK_SSL, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><ssl verify='on'/></source></disk>"),
    DISK(DISK_COOKIE_MISSING, "<disk name='vda' type='network'>"
         "<source protocol='https' "
         "name='n'><cookies><cookie>b</cookie></cookies></source></disk>"),
    DISK(DISK_COOKIE_MISSING, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><cookies><cookie "
         "name=''>b</cookie></cookies></source></disk>"),
    DISK(DISK_COOKIE_MISSING, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><cookies><cookie name='b b'>c</cookie><cookie "
         "name='a'/></cookies></source></disk>"),
    DISK(DISK_COOKIE, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><cookies><cookie name='a "
         "b'>c</cookie></cookies></source></disk>"),
    DISK(DISK_COOKIE, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><cookies><cookie "
         "name='a'>&quot;b</cookie></cookies></source></disk>"),
    DISK(DISK_COOKIE, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><cookies><cookie "
         "name='a'>b;</cookie></cookies></source></disk>"),
    DISK(DISK_COOKIE_TWICE, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><cookies><cookie name='a'>b</cookie><cookie "
         "name='a'>c</cookie></cookies></source></disk>"),
    DISK(DISK_READAHEAD, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><readahead size='-1'/></source></disk>"),
    DISK(DISK_READAHEAD, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><readahead/><readahead "
         "size='x'/></source></disk>"),
    DISK(DISK_TIMEOUT, "<disk name='vda' type='network'>"
         "<source protocol='https' name='n'><timeout "
         "seconds='18446744073709551616'/></source></disk>"),
    DISK(DISK_SOURCE_TYPE_MISSING, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source namespace='1'><address domain='0' bus='1' slot='2' "
         "function='0'/></source></disk>"),
    DISK(DISK_SOURCE_TYPE_MISSING, "<disk name='vda' snapshot='no' type='vhostuser'>"
         "<source path='/p'></source></disk>"),
    DISK(DISK_SOURCE_TYPE, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='PCI'><address domain='0' bus='1' slot='2' "
         "function='0'/></source></disk>"),
    DISK(DISK_SOURCE_TYPE, "<disk name='vda' snapshot='no' type='vhostuser'>"
         "<source type='tcp'></source></disk>"),
    DISK(DISK_SOURCE_PATH, "<disk name='vda' snapshot='no' type='vhostuser'>"
         "<source type='unix'></source></disk>"),
    DISK(DISK_NAMESPACE_MISSING, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci'><address domain='0' bus='1' slot='2' "
         "function='0'/></source></disk>"),
    DISK(DISK_NAMESPACE, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='' managed='x'><address domain='0' bus='1' "
         "slot='2' function='0'/></source></disk>"),
    DISK(DISK_NAMESPACE, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='+-1'><address domain='0' bus='1' slot='2' "
         "function='0'/></source></disk>"),
    DISK(DISK_MANAGED, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1' managed='on'></source></disk>"),
    DISK(DISK_ADDRESS_MISSING, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'></source></disk>"),
    DISK(DISK_ADDRESS_MISSING, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><auth/></source></disk>"),
    DISK(DISK_ADDRESS_MISSING, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><address xmlns='u'/></source></disk>"),
    DISK(DISK_ADDRESS, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><address bus='1' slot='32'/></source></disk>"),
    DISK(DISK_ADDRESS, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><address bus='256'/></source></disk>"),
    DISK(DISK_ADDRESS, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><address bus='1' "
         "function='8'/></source></disk>"),
    DISK(DISK_ADDRESS, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><address bus='09'/></source></disk>"),
    DISK(DISK_ADDRESS, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><address bus='0x'/></source></disk>"),
    DISK(DISK_ADDRESS, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><address domain='4294967296'/></source></disk>"),
    DISK(DISK_ADDRESS, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><address multifunction='yes'/></source></disk>"),
    DISK(DISK_ADDRESS, "<disk name='vda' snapshot='no' type='nvme'>"
         "<source type='pci' namespace='1'><address><zpci "
         "uid='x'/></address></source></disk>"),
    DISK(DISK_RECONNECT, "<disk name='vda' type='vhostuser'>"
         "<source type='unix' path='/p'><reconnect enabled=''/></source></disk>"),
    DISK(DISK_RECONNECT, "<disk name='vda' type='vhostuser'>"
         "<source type='unix' path='/p'><reconnect enabled='yes'/></source></disk>"),
    DISK(DISK_RECONNECT, "<disk name='vda' type='vhostuser'>"
         "<source type='unix' path='/p'><reconnect enabled='yes' "
         "timeout='4294967296'/></source></disk>"),
    DISK(DISK_AUTH_USERNAME, "<disk name='vda' type='file'>"
         "<source file='/a'><auth type='x'/></source></disk>"),
    DISK(DISK_AUTH_USERNAME, "<disk name='vda' type='file'>"
         "<source file='/a'><auth username=''/></source></disk>"),
    DISK(DISK_AUTH_TYPE, "<disk name='vda' type='file'>"
         "<source file='/a'><auth username='u' type='x'/></source></disk>"),
    DISK(DISK_AUTH_SECRET, "<disk name='vda' type='file'>"
         "<source file='/a'><auth username='u' type='chap'/></source></disk>"),
    DISK(DISK_SECRET_MISSING, "<disk name='vda' type='file'>"
         "<source file='/a'><auth username='u'><secret "
         "type='ceph'/></auth></source></disk>"),
    DISK(DISK_SECRET_BOTH, "<disk name='vda' type='file'>"
         "<source file='/a'><auth username='u'><secret "
         "uuid='5A3B4C5D-0000-1111-2222-333344445555' usage=''/></auth></source></disk>"),
    DISK(DISK_SECRET_UUID, "<disk name='vda' type='file'>"
         "<source file='/a'><auth username='u'><secret uuid='x'/></auth></source></disk>"),
    DISK(DISK_ENCRYPTION_FORMAT_MISSING, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format=''/></source></disk>"),
    DISK(DISK_ENCRYPTION_FORMAT, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='x' engine='x'/></source></disk>"),
    DISK(DISK_ENCRYPTION_ENGINE, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='luks' engine='default'/></source></disk>"),
    DISK(DISK_ENCRYPTION_SECRET_MISSING, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='luks'><cipher/><secret "
         "usage='x'/></encryption></source></disk>"),
    DISK(DISK_ENCRYPTION_SECRET, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='luks'><secret type='x' "
         "usage='x'/></encryption></source></disk>"),
    DISK(DISK_SECRET_MISSING, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='luks'><secret "
         "type='passphrase'/></encryption></source></disk>"),
    DISK(DISK_SECRET_UUID, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='luks'><secret type='passphrase' "
         "usage='x'/><secret type='passphrase' uuid=''/></encryption></source></disk>"),
    DISK(DISK_CIPHER_NAME, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption "
         "format='luks'><cipher/><ivgen/></encryption></source></disk>"),
    DISK(DISK_CIPHER_SIZE, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='luks'><cipher "
         "name='aes'/></encryption></source></disk>"),
    DISK(DISK_CIPHER_SIZE, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='luks'><cipher name='aes' "
         "size='4294967296'/></encryption></source></disk>"),
    DISK(DISK_IVGEN_CIPHER, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='luks'><ivgen "
         "name='plain64'/></encryption></source></disk>"),
    DISK(DISK_IVGEN_NAME, "<disk name='vda' type='file'>"
         "<source file='/a'><encryption format='luks'><cipher name='aes' "
         "size='256'/><ivgen/></encryption></source></disk>"),
    DISK(DISK_RESERVATIONS, "<disk name='vda' type='file'>"
         "<source file='/a'><reservations/></source></disk>"),
    DISK(DISK_RESERVATIONS, "<disk name='vda' type='file'>"
         "<source file='/a'><reservations managed='on'/></source></disk>"),
    DISK(DISK_RESERVATIONS_SOURCE_MISSING, "<disk name='vda' type='file'>"
         "<source file='/a'><reservations managed='no'/></source></disk>"),
    DISK(DISK_RESERVATIONS_SOURCE_MISSING, "<disk name='vda' type='file'>"
         "<source file='/a'><reservations managed='yes'><source type='x' "
         "path=''/></reservations></source></disk>"),
    DISK(DISK_RESERVATIONS_SOURCE, "<disk name='vda' type='file'>"
         "<source file='/a'><reservations managed='yes'><source type='tcp' path='/p' "
         "mode='client'/></reservations></source></disk>"),
    DISK(DISK_RESERVATIONS_SOURCE, "<disk name='vda' type='file'>"
         "<source file='/a'><reservations managed='no'><source type='unix' path='/p' "
         "mode='server'/></reservations></source></disk>"),
    DISK(DISK_SLICE_MISSING, "<disk name='vda' type='file'>"
         "<source file='/a'><slices><slice type='storage' offset='' "
         "size='1'/></slices></source></disk>"),
    DISK(DISK_SLICE, "<disk name='vda' type='file'>"
         "<source file='/a'><slices><slice type='storage' offset='x' "
         "size='1'/></slices></source></disk>"),
    DISK(DISK_SLICE, "<disk name='vda' type='file'>"
         "<source file='/a'><slices/><slices><slice/><slice type='storage' offset='1' "
         "size='-1'/></slices></source></disk>"),
    DISK(DISK_SECLABEL_TWICE, "<disk name='vda' type='file'>"
         "<source file='/a'><seclabel model='a'/><seclabel model='&#97;' "
         "relabel='x'/></source></disk>"),
    DISK(DISK_SECLABEL, "<disk name='vda' type='file'>"
         "<source file='/a'><seclabel relabel='x'/></source></disk>"),
    DISK(DISK_SECLABEL, "<disk name='vda' type='network'>"
         "<source protocol='nbd' name='n'><seclabel labelskip=''/></source></disk>"),
    DISK(DISK_SECLABEL_LABEL, "<disk name='vda' type='file'>"
         "<source file='/a'><seclabel "
         "relabel='no'><label>x</label></seclabel></source></disk>"),
    IN(ACTIVE_MISSING, INTERNAL, "^" BARE(GOOD)),
    IN(ACTIVE_MISSING, INTERNAL, BARE(GOOD "^<active>x</active>")),
    IN(ACTIVE_MISSING, INTERNAL, BARE(GOOD "^<active>2147483648</active>")),
};

/* Of several errors libvirt reports the one that its parser meets first. */
static const sample order[] = {
    XML(NAME_MISSING, "^" BARE("<creationTime>x</creationTime><state>x</state>")),
    XML(TIME_INVALID, BARE("<state>x</state>^<creationTime>x</creationTime>" A_NAME)),
    XML(STATE_INVALID, BARE(A_NAME A_TIME "<domain><uuid>x</uuid></domain>^<state>x</state>")),
    SNAP(UUID_INVALID, "<memory snapshot='x'/><inactiveDomain><uuid>x</uuid></inactiveDomain>"
                       "<domain>^<uuid>x</uuid></domain>"),
    SNAP(UUID_INVALID, "<memory snapshot='x'/><inactiveDomain>^<uuid>x</uuid></inactiveDomain>"),
    SNAP(MEMORY_INVALID, "<disks><disk/></disks>^<memory snapshot='x'/>"),
    SNAP(DISK_SNAPSHOT, "<revertDisks><disk/></revertDisks><disks>^<disk name='a' snapshot='x'/>"
                        "<disk/></disks>"),
    IN(DISK_NAME, INTERNAL, BARE(GOOD "<revertDisks>^<disk/></revertDisks>")),
    DISK(DISK_NAME, "<disk snapshot='x' type='x'/>"),
    DISK(DISK_SNAPSHOT, "<disk name='a' snapshot='x' type='x'/>"),
    DISK(DISK_TYPE, "<disk name='a' type='x'><driver type='x'/></disk>"),
    DISK(DISK_PROTOCOL, "<disk name='a' type='network'><driver type='x'/><source protocol='x'/>"
                        "</disk>"),
    DISK(DISK_DRIVER, "<disk name='a'><source file='x'/><driver type='x'/></disk>"),
    /* What is not even XML is said first. */
    XML(TAG_MISMATCH, "<a>^</b>"),
    XML(OUTSIDE_ROOT, "<domainsnapshot/>^<a/>"),
    XML(TAG_UNCLOSED, "<domainsnapshot>^"),
};

typedef struct {
    char *data;
    size_t len;
} text;

static bool seen[LX_ERROR_END];

static void *need(size_t size)
{
    void *p = malloc(size ? size : 1);

    if (!p)
        exit(2);
    return p;
}

static void expect(lx_ctx *ctx, const sample *s, text input, size_t offset)
{
    lx_document document;
    lx_error error;
    bool ok = read_exactly(ctx, input.data, input.len, s->mode, &document, &error);

    CHECK(!ok, "accepted: %s", s->text);
    CHECK(ok || (error.code == s->code && error.offset == offset), "%s: %s at %zu, not %s at %zu",
          s->text, lx_error_code(error.code), error.offset, lx_error_code(s->code), offset);
    seen[s->code] = true;
}

/* As it is, behind a byte order mark, and behind line ends of every kind. */
static void check_sample(lx_ctx *ctx, const sample *s)
{
    static const char *const before[] = {"", "\xef\xbb\xbf", "<!--\r\n\r\n\r\n\n--> \r\r\n ",
                                         "\xef\xbb\xbf\r\n\r<!--\xc3\xa9-->"};
    size_t mark = (size_t)((const char *)memchr(s->text, '^', s->len) - s->text);

    for (size_t i = 0; i < (s->whole ? 1 : sizeof before / sizeof *before); i++) {
        size_t shift = strlen(before[i]);
        text input = {need(shift + s->len), shift + s->len - 1};

        memcpy(input.data, before[i], shift);
        memcpy(input.data + shift, s->text, mark);
        memcpy(input.data + shift + mark, s->text + mark + 1, s->len - mark - 1);
        expect(ctx, s, input, shift + mark);
        free(input.data);
    }
}

static void test_code_and_offset(lx_ctx *ctx)
{
    for (size_t i = 0; i < sizeof xml / sizeof *xml; i++)
        check_sample(ctx, xml + i);
    for (size_t i = 0; i < sizeof semantic / sizeof *semantic; i++)
        check_sample(ctx, semantic + i);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        check_sample(ctx, order + i);
}

/* Their exact borders are in test_limits.c. */
static void check_limit(lx_ctx *ctx, lx_code code, const char *before, const char *unit,
                        size_t times, const char *after, size_t offset)
{
    sample s = {code, LX_REDEFINE, lx_error_code(code), 0, true};
    size_t first = strlen(before), step = strlen(unit), last = strlen(after);
    text input = {need(first + step * times + last), first + step * times + last};

    memcpy(input.data, before, first);
    for (size_t i = 0; i < times; i++)
        memcpy(input.data + first + i * step, unit, step);
    memcpy(input.data + first + times * step, after, last);
    if (code == LX_E_LIMIT_ATTRIBUTES)
        for (unsigned i = 0; i < times; i++) {
            char number[12];

            snprintf(number, sizeof number, "%04u", i);
            memcpy(input.data + first + i * step + 2, number, 4);
        }
    expect(ctx, &s, input, offset);
    free(input.data);
}

static void test_limits(lx_ctx *ctx)
{
    check_limit(ctx, LX_E_LIMIT_DEPTH, "", "<a>", 257, "", 256 * 3);
    check_limit(ctx, LX_E_LIMIT_NAME, "<a><", "a", LX_MAX_NAME + 1, "/></a>", 4);
    check_limit(ctx, LX_E_LIMIT_VALUE, "<a b='", "x", LX_MAX_VALUE + 1, "'/>", 3);
    check_limit(ctx, LX_E_LIMIT_SIZE, "<a>", "x", LX_MAX_DOCUMENT, "", LX_MAX_DOCUMENT);
    check_limit(ctx, LX_E_LIMIT_ATTRIBUTES, "<a", " a0000=''", 1025, "/>", 2 + 9 * 1024 + 1);
}

static void test_no_code_is_without_an_input(void)
{
    for (lx_code code = LX_NOMEM + 1; code < LX_ERROR_END; code++)
        if (!seen[code])
            CHECK(false, "no input for %s", lx_error_code(code));
}

static void test_every_code_has_its_texts(void)
{
    for (lx_code code = LX_NOMEM + 1; code < LX_ERROR_END; code++) {
        CHECK(*lx_error_code(code) && *lx_error_message(code) &&
                  lx_error_class(code) != LX_CLASS_NONE,
              "code %d says nothing", code);
        for (lx_code other = LX_NOMEM + 1; other < code; other++)
            CHECK(strcmp(lx_error_code(code), lx_error_code(other)), "%s twice",
                  lx_error_code(code));
    }
    CHECK(!*lx_error_code(LX_ERROR_END) && !*lx_error_message((lx_code)-1) &&
              lx_error_class(LX_ERROR_END) == LX_CLASS_NONE,
          "a text for a code out of range");
    CHECK(lx_error_class(LX_OK) == LX_CLASS_NONE && lx_error_class(LX_NOMEM) == LX_CLASS_NONE,
          "a class for what no document causes");
}

/* The inputs that error.def itself gives; those of limits are not spelled out there, and those
 * of the snapshot level are fragments. */
static void test_examples_of_the_table(lx_ctx *ctx)
{
    static const struct {
        lx_code code;
        lx_class class;
        const char *example;
        size_t len;
    } table[] = {
#define LX_ERROR(symbol, class, code, message, example) \
    {LX_E_##symbol, LX_CLASS_##class, example, sizeof(example) - 1},
#include "error.def"
#undef LX_ERROR
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        lx_document document;
        lx_error error;

        if (table[i].class == LX_CLASS_LIMIT || table[i].class == LX_CLASS_SNAPSHOT)
            continue;
        CHECK(!read_exactly(ctx, table[i].example, table[i].len, LX_REDEFINE, &document, &error) &&
                  error.code == table[i].code,
              "%s: its example gives %s", lx_error_code(table[i].code),
              lx_error_code(error.code));
    }
}

/* ---- cut short ---- */

static const char *const complete[] = {
    "<?xml version='1.0' encoding='UTF-8' standalone=\"yes\" ?>\r\n<!-- c - d --><?p i?>\n"
    "<domainsnapshot z='1'>" GOOD "<description>a &amp; b &#x41;<![CDATA[ ]] ]>]]>\xc3\xa9"
    "</description ><disks ><disk name = 'a'\n type=\"file\"><source file='/a&quot;b'/></disk>"
    "</disks>"
    "<domain type='kvm'><name>n</name><uuid>6695EB01f6a4830479aa97f2502e193f</uuid><metadata>"
    "<q:a xmlns:q='u'>text <b/><!--c--><![CDATA[x]]><?p?></q:a></metadata><devices><disk/><zork> "
    "mixed <b c='d'/></zork></devices></domain></domainsnapshot>",
    "\xef\xbb\xbf<domain xmlns:p='u' p:a='&gt;'>\n  <a:b xmlns:a='v' a:c='1'/>\n"
    "  <x>y<z>]] ></z></x>\n</domain>",
    "<domain/>",
};

static void test_every_prefix_is_refused(lx_ctx *ctx)
{
    lx_document document;
    lx_error error;

    for (size_t i = 0; i < sizeof complete / sizeof *complete; i++) {
        size_t last = (size_t)(strrchr(complete[i], '>') - complete[i]);

        for (size_t len = 0; len <= last; len++) {
            bool ok = read_exactly(ctx, complete[i], len, LX_REDEFINE, &document, &error);

            CHECK(!ok, "accepted: the first %zu bytes of %s", len, complete[i]);
            CHECK(ok || error.code == LX_E_UTF8 ||
                      lx_error_class(error.code) == LX_CLASS_MALFORMED,
                  "the first %zu bytes of %s: %s", len, complete[i], lx_error_code(error.code));
            CHECK(error.offset <= len, "an offset of %zu in %zu bytes", error.offset, len);
        }
        CHECK(read_exactly(ctx, complete[i], last + 1, LX_REDEFINE, &document, &error),
              "%s: %s at %zu", complete[i], lx_error_code(error.code), error.offset);
    }
}

int main(void)
{
    for (int scalar = 0; scalar < 2; scalar++) {
        lx_ctx *ctx = lx_new(NULL, 42);

        if (!ctx)
            return 2;
        lx_use_scalar(ctx, scalar);
        test_code_and_offset(ctx);
        test_limits(ctx);
        test_examples_of_the_table(ctx);
        test_every_prefix_is_refused(ctx);
        lx_free(ctx);
    }
    test_no_code_is_without_an_input();
    test_every_code_has_its_texts();
    return failures != 0;
}
