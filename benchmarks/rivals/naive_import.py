"""Import a tar of snapshot XML with the standard library and lxml, in one transaction."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tarfile
from contextlib import closing

from lxml import etree

__all__ = ["ingest"]

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
_SCHEMA = """
    CREATE TABLE body (digest BLOB PRIMARY KEY, xml BLOB NOT NULL);
    CREATE TABLE snapshot (
        id INTEGER PRIMARY KEY, domain TEXT NOT NULL, name TEXT NOT NULL, fields TEXT NOT NULL,
        body BLOB REFERENCES body
    );
"""


def ingest(tar: str | os.PathLike[str], database: str | os.PathLike[str]) -> int:
    """Write every snapshot of the tar to a new SQLite file; return how many there were."""
    count = 0
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(_SCHEMA)
        with connection, tarfile.open(tar) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    _insert(connection, file.read())
                    count += 1
    return count


def _insert(connection: sqlite3.Connection, document: bytes) -> None:
    root = etree.fromstring(document, _PARSER)
    domain = root.find("domain")
    xml = b"" if domain is None else etree.tostring(domain)
    digest = hashlib.sha256(xml).digest()
    fields = {
        "name": root.findtext("name"),
        "description": root.findtext("description"),
        "state": root.findtext("state"),
        "parent": root.findtext("parent/name"),
        "creation_time": root.findtext("creationTime"),
        "active": root.findtext("active"),
        "memory": dict(memory.attrib) if (memory := root.find("memory")) is not None else None,
        "disks": [dict(disk.attrib) for disk in root.iterfind("disks/disk")],
    }
    uuid = None if domain is None else domain.findtext("uuid")
    connection.execute("INSERT OR IGNORE INTO body VALUES (?, ?)", (digest, xml))
    connection.execute(
        "INSERT INTO snapshot (domain, name, fields, body) VALUES (?, ?, ?, ?)",
        (uuid, fields["name"], json.dumps(fields), digest),
    )
