"""Attachments as members of a zip."""

import zipfile

# Compressed formats: compressing them again takes time without effect.
STORED = (".pdf", ".ofd")


def content_of(file):
    """Return the content of the attachment ``file``, which isn't kept in memory; empty where it is missing."""
    # alone: Odoo reads the content of all records that were browsed together
    alone = file.with_prefetch()
    content = alone.raw or b""
    alone.invalidate_recordset(["raw"])
    return content


def add(archive, name, content, made_at):
    """Write ``content`` into ``archive`` under ``name``, as made at that moment (UTC)."""
    member = zipfile.ZipInfo(name, made_at.timetuple()[:6])
    member.external_attr = 0o644 << 16
    is_stored = name.lower().endswith(STORED)
    member.compress_type = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
    archive.writestr(member, content)
