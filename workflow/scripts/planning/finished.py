"""Finished audits that this run reads and does not make."""

from collections.abc import Iterable

from convaudit.errors import AuditError
from convaudit.system.checksums import sha256
from planning.settings import expanded


def digest(folders: Iterable[str], key: str) -> str:
    """A digest of finished audits: their provenance.json stands for every result.

    Args:
        folders: results folders, as the config names them.
        key: of the config, for the message.

    Raises:
        AuditError: a folder holds no finished audit.
    """
    found = []
    for folder in folders:
        provenance = expanded(folder) / "provenance.json"
        if not provenance.exists():
            raise AuditError(
                f"config: {key}: {folder} holds no finished audit (there is no {provenance}): run "
                "it to its end first"
            )
        found.append(sha256(provenance))
    return "-".join(found)
