"""Names of files, so that every system can keep them and none is led out of its folder."""

import re
import unicodedata

LONGEST = 100  # characters: 255 bytes are the limit of common file systems, and Chinese takes three each
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # device names on Windows
FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
ENDING = re.compile(r"\.[0-9A-Za-z]{1,8}$")


def clean(name, fallback="file"):
    """Return ``name`` as one that is safe as a file's name: without folders, control characters, leading dots and
    names that mean something else to Windows, and not too long. What nothing is left of becomes ``fallback``."""
    plain = unicodedata.normalize("NFC", name or "")
    # control and format characters; the latter turn the order of letters, and so the ending, around
    plain = "".join("" if unicodedata.category(char)[0] == "C" else char for char in plain)
    plain = " ".join(FORBIDDEN.sub("_", plain).split()).lstrip(". ").rstrip(". ")
    if not plain.strip("_"):
        return fallback
    if RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    if len(plain) > LONGEST:
        ending = ENDING.search(plain)
        ending = ending[0] if ending else ""
        plain = plain[: LONGEST - len(ending)].rstrip(". ") + ending
    return plain


def distinct(name, taken):
    """Return ``name``, or one like it that is not in ``taken`` (a set of names in lower case), and add it there:
    of two files with one name, the second would replace the first when they are unpacked."""
    ending = ENDING.search(name)
    ending = ending[0] if ending else ""
    stem, number, free = name[: len(name) - len(ending)], 1, name
    while free.lower() in taken:
        number += 1
        free = f"{stem} ({number}){ending}"
    taken.add(free.lower())
    return free
