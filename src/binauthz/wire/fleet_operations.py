"""What a change of a fleet leaves behind: a google.longrunning.Operation that is over (SPEC 7.2)."""

import datetime as dt
from typing import Any

from google.protobuf.message import Message

from binauthz.services.fleet_operations import new_name
from binauthz.services.names import project_of
from binauthz.store.records import Operation
from binauthz.wire.json import to_json

_TYPES = "type.googleapis.com/"
_EMPTY = f"{_TYPES}google.protobuf.Empty"


def done(version: str, verb: str, target: str, now: dt.datetime, response: Message | None) -> Operation:
    """The operation by which ``target`` became ``response``, or went where there is none."""
    moment = now.isoformat().replace("+00:00", "Z")
    answer: dict[str, Any] = {"@type": _EMPTY}
    if response is not None:
        answer = {"@type": f"{_TYPES}{response.DESCRIPTOR.full_name}", **to_json(response)}
    return Operation(
        name=new_name(project_of(target), int(now.timestamp() * 1000)),
        done=True,
        response=answer,
        metadata={
            "@type": f"{_TYPES}google.cloud.gkehub.{version}.OperationMetadata",
            "createTime": moment,
            "endTime": moment,
            "target": target,
            "verb": verb,
            "apiVersion": version,
        },
    )
