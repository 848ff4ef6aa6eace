"""What kind of access a method is, as Google's audit logs sort them: by the verb of the permission that it asks for.

A verb that is not known to read is a write: an entry too many is better than one too few.
"""

import enum
from typing import Any

from google.protobuf.message import Message

from binauthz.transports.method import Method


class Access(enum.Enum):
    """The four kinds of audited access, and none for what only writes entries itself."""

    ADMIN_READ = "ADMIN_READ"
    ADMIN_WRITE = "ADMIN_WRITE"
    DATA_READ = "DATA_READ"
    DATA_WRITE = "DATA_WRITE"
    UNAUDITED = "UNAUDITED"

    @property
    def writes(self) -> bool:
        """Whether something changes."""
        return self in {Access.ADMIN_WRITE, Access.DATA_WRITE}

    @property
    def audited(self) -> bool:
        """Whether it can leave an entry at all."""
        return self is not Access.UNAUDITED

    @property
    def of_data(self) -> bool:
        """Whether it is about what an API keeps for others, and not about its own settings."""
        return self in {Access.DATA_READ, Access.DATA_WRITE}


_READING = (
    "get",
    "list",
    "view",
    "use",
    "verify",
    "evaluate",
    "search",
    "read",
    "download",
    "generateCredentials",
    "generateRandomBytes",
)
# It reads, unless the request asks for signed statements besides.
_ATTESTING = "google.cloud.binaryauthorization.v1.PlatformPolicyEvaluationService.EvaluateGkePolicy"
# Methods that decide in their handler who may call: what their name begins with says what they do.
_READING_METHODS = ("Get", "List", "Test", "Search")
_UNAUDITED = {"google.logging.v2.LoggingServiceV2.WriteLogEntries"}
# What it makes outlives the call: who signed what is always kept, while Google keeps it only where asked.
_LASTING = {"cloudkms.cryptoKeyVersions.useToSign"}
_DATA = ("containeranalysis.occurrences.", "cloudkms.cryptoKeyVersions.useTo", "artifactregistry.")


def access(row: Method) -> Access:
    """The kind of access that a row of the method table is."""
    if row.full_name in _UNAUDITED:
        return Access.UNAUDITED
    if row.permission is None:
        method = row.full_name.rpartition(".")[2]
        return Access.ADMIN_READ if method.startswith(_READING_METHODS) else Access.ADMIN_WRITE
    reads = row.permission not in _LASTING and row.permission.rpartition(".")[2].startswith(_READING)
    if row.permission.startswith(_DATA):
        return Access.DATA_READ if reads else Access.DATA_WRITE
    return Access.ADMIN_READ if reads else Access.ADMIN_WRITE


def access_by(row: Method, request: Message) -> Access:
    """The kind of access that one call is: its row's, unless the request asks a key to sign, which lasts."""
    asked: Any = request
    if row.full_name == _ATTESTING and asked.attestation_mode:
        return Access.DATA_WRITE
    return access(row)
