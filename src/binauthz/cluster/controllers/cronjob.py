"""The CronJob controller: a Job at each time of the schedule."""

import copy
import datetime as dt
import zoneinfo
from dataclasses import dataclass, field

from binauthz.cluster.catalogue.age import parse_time, stamp
from binauthz.cluster.catalogue.fields import Object, condition, integer, mapping, text
from binauthz.cluster.catalogue.schedule import Schedule, parse_schedule
from binauthz.cluster.client import StatusError
from binauthz.cluster.controllers.controller import Controller
from binauthz.cluster.controllers.job_plan import finished_at, is_finished
from binauthz.cluster.controllers.owners import (
    is_controlled_by,
    is_deleting,
    name_of,
    namespace_of,
    reference_to,
    uid_of,
)
from binauthz.cluster.controllers.work_queue import Key

_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_WINDOWS = (dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(days=32), dt.timedelta(days=366))
_LONGEST_SLEEP = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The time to make a Job for, Jobs to delete, and when to look again."""

    run: dt.datetime | None = None
    replace: list[Object] = field(default_factory=list)
    skipped: bool = False
    next_run: dt.datetime | None = None


def last_firing(schedule: Schedule, after: dt.datetime, now: dt.datetime) -> dt.datetime | None:
    """The latest firing in (after, now]; only the most recent of missed ones counts. Looks back a year at most."""
    for window in _WINDOWS:
        moment: dt.datetime | None = max(after, now - window)
        found = None
        while moment is not None and (moment := schedule.next_after(moment)) is not None and moment <= now:
            found = moment
        if found is not None or now - window <= after:
            return found
    return None


def plan(cron_job: Object, active: list[Object], now: dt.datetime) -> Plan:
    """Whether a Job is due. ``now`` is in the time zone of the schedule."""
    spec = mapping(cron_job, "spec")
    schedule = parse_schedule(text(spec, "schedule"))
    next_run = schedule.next_after(now)
    if spec.get("suspend") is True:
        return Plan()
    since = parse_time(mapping(cron_job, "status").get("lastScheduleTime"))
    since = since or parse_time(mapping(cron_job, "metadata").get("creationTimestamp")) or now
    due = last_firing(schedule, since.astimezone(now.tzinfo), now)
    deadline = spec.get("startingDeadlineSeconds")
    if due is None or (isinstance(deadline, int) and (now - due).total_seconds() > deadline):
        return Plan(next_run=next_run)
    if active and text(spec, "concurrencyPolicy") == "Forbid":
        return Plan(skipped=True, next_run=next_run)
    replace = active if text(spec, "concurrencyPolicy") == "Replace" else []
    return Plan(run=due, replace=replace, next_run=next_run)


def job_for(cron_job: Object, due: dt.datetime) -> Object:
    """The Job of one firing; its name is the same however often it is made."""
    template = mapping(cron_job, "spec", "jobTemplate")
    metadata = mapping(template, "metadata")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{name_of(cron_job)}-{int(due.timestamp()) // 60}",
            "namespace": namespace_of(cron_job),
            "labels": dict(mapping(metadata, "labels")),
            "annotations": {**mapping(metadata, "annotations"), _SCHEDULED: stamp(due)},
            "ownerReferences": [reference_to(cron_job, "batch/v1", "CronJob")],
        },
        "spec": copy.deepcopy(mapping(template, "spec")),
    }


def surplus(cron_job: Object, jobs: list[Object]) -> list[Object]:
    """Finished Jobs beyond the history that is kept, oldest first."""
    doomed: list[Object] = []
    for kind, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        ended = [job for job in jobs if condition(job, kind).get("status") == "True"]
        ended.sort(key=lambda job: (text(job, "metadata", "creationTimestamp"), name_of(job)))
        doomed += ended[: max(0, len(ended) - integer(cron_job, "spec", limit))]
    return doomed


class CronJobController(Controller):
    """batch/v1 CronJob."""

    resource = "batch/cronjobs"
    component = "cronjob-controller"

    def subscribe(self) -> None:
        """Its Jobs."""
        self.follow_children("batch/jobs", "CronJob")

    async def sync(self, key: Key) -> float | None:
        """Make the Job that is due, tidy up, report."""
        cron_job = self.caches[self.resource].get(*key)
        if cron_job is None or is_deleting(cron_job):
            return None
        jobs_cache = self.caches["batch/jobs"]
        jobs = [job for job in jobs_cache.owned_by(uid_of(cron_job)) if is_controlled_by(job, cron_job)]
        active = [job for job in jobs if not is_finished(job) and not is_deleting(job)]
        zone = zoneinfo.ZoneInfo(text(cron_job, "spec", "timeZone") or "UTC")
        now = self.clock.now().astimezone(zone)
        todo = plan(cron_job, active, now)
        last = text(cron_job, "status", "lastScheduleTime")
        if todo.skipped:
            self.tell(cron_job, "Normal", "JobAlreadyActive", "Not starting job because prior execution is running")
        for job in [*todo.replace, *surplus(cron_job, jobs)]:
            await self._delete(cron_job, job)
        if todo.replace:
            active = []
        if todo.run is not None:
            made = await self._create(cron_job, todo.run)
            last = stamp(todo.run)
            if made is not None:
                active.append(made)
        await self.write_status(cron_job, _status(jobs, active, last))
        if todo.next_run is None:
            return None
        return min(_LONGEST_SLEEP, max(0.1, (todo.next_run - now).total_seconds() + 0.05))

    async def _create(self, cron_job: Object, due: dt.datetime) -> Object | None:
        wanted = job_for(cron_job, due)
        try:
            made = await self.client.create("batch/jobs", namespace_of(cron_job), wanted)
        except StatusError as error:
            if error.reason == "AlreadyExists":
                return None
            self.tell(cron_job, "Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        self.caches["batch/jobs"].observe(made)
        self.tell(cron_job, "Normal", "SuccessfulCreate", f"Created job {name_of(made)}")
        return made

    async def _delete(self, cron_job: Object, job: Object) -> None:
        try:
            await self.client.delete("batch/jobs", namespace_of(job), name_of(job), uid=uid_of(job))
        except StatusError as error:
            if error.reason != "NotFound":
                raise
        self.tell(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {name_of(job)}")


def _status(jobs: list[Object], active: list[Object], last: str) -> Object:
    status: Object = {}
    if active:
        status["active"] = [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": name_of(job),
                "namespace": namespace_of(job),
                "resourceVersion": text(job, "metadata", "resourceVersion"),
                "uid": uid_of(job),
            }
            for job in active
        ]
    if last:
        status["lastScheduleTime"] = last
    ended = [moment for job in jobs if condition(job, "Complete") and (moment := finished_at(job))]
    if ended:
        status["lastSuccessfulTime"] = stamp(max(ended))
    return status
