"""Names of files, as storage keeps them. Pure."""

from __future__ import annotations

import re

RESULT_SUFFIX = ".json"
MAX_FILE_NAME = 1024 - len(RESULT_SUFFIX)  # of a file that can have a result: Azure's limit for a blob's name
HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def is_file_name(name: str) -> bool:
    """Whether storage keeps a file of this name under exactly this name.

    Paths lose "." and ".." on their way to storage, and storage turns a backslash into a slash.
    """
    changed = "\\" in name or {".", ".."} & set(name.split("/"))
    return bool(name) and not changed and HALF_CHARACTER.search(name) is None
