"""Valid file names. Pure."""

from __future__ import annotations

import re

RESULT_SUFFIX = ".json"
MAX_FILE_NAME = 1024 - len(RESULT_SUFFIX)  # characters; Azure's limit for a blob name, less the result's suffix
HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # a lone surrogate


def is_file_name(name: str) -> bool:
    """Whether storage keeps a file of this name under exactly this name.

    HTTP clients resolve "." and ".." in paths, and storage replaces a backslash with a slash.
    """
    changed = "\\" in name or {".", ".."} & set(name.split("/"))
    return bool(name) and not changed and HALF_CHARACTER.search(name) is None
