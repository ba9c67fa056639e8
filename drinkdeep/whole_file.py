"""A file that is there whole or not at all, whenever whoever writes it is stopped."""

import os
import uuid
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write the file under another name beside it, and move it into place once it is on the disk.

    Several processes may do so at once: the last one counts. Raises ``OSError``; then what was
    there before is as it was, and nothing else is left.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
