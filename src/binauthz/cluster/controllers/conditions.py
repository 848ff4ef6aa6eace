"""Lists of conditions in a status."""

import datetime as dt

from binauthz.cluster.catalogue.age import stamp
from binauthz.cluster.catalogue.fields import Object


def with_condition(
    conditions: list[Object],
    kind: str,
    status: bool | None,
    reason: str,
    message: str,
    now: dt.datetime,
    *,
    update_time: bool = False,
) -> list[Object]:
    """The list with that condition set; its transition time moves only when its status does.

    A status of None is Kubernetes' ``Unknown``. ``update_time`` adds Deployment's lastUpdateTime, which moves whenever
    the condition says something new.
    """
    written = "Unknown" if status is None else str(status)
    made: Object = {
        "type": kind,
        "status": written,
        "reason": reason,
        "message": message,
        "lastTransitionTime": stamp(now),
    }
    if update_time:
        made["lastUpdateTime"] = stamp(now)
    for index, known in enumerate(conditions):
        if known.get("type") != kind:
            continue
        if (known.get("status"), known.get("reason"), known.get("message")) == (written, reason, message):
            return conditions
        if known.get("status") == written:
            made["lastTransitionTime"] = known.get("lastTransitionTime")
        return [*conditions[:index], made, *conditions[index + 1 :]]
    return [*conditions, made]


def without_condition(conditions: list[Object], kind: str) -> list[Object]:
    """The list without that condition."""
    return [known for known in conditions if known.get("type") != kind]
