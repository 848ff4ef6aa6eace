"""batch/v1: Jobs and CronJobs."""

import uuid
import zoneinfo

from binauthz.cluster.catalogue.age import running_for, since
from binauthz.cluster.catalogue.cells import AGE, NAME, containers, selector, string
from binauthz.cluster.catalogue.fields import Object, attach, condition, default, integer, items, mapping, text
from binauthz.cluster.catalogue.names import check_metadata, dns_subdomain
from binauthz.cluster.catalogue.schedule import parse_schedule
from binauthz.cluster.catalogue.template import check_selector, immutable, prepare_template
from binauthz.cluster.catalogue.violations import Violations, at_least_zero, invalid, required, unsupported
from binauthz.cluster.resource import Column, Resource

_RESTART = ("OnFailure", "Never")
_COUNTS = ("parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished", "activeDeadlineSeconds")


def _default_job_spec(spec: Object) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    default(
        spec,
        parallelism=1,
        backoffLimit=6,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy="TerminatingOrFailed",
    )


def _check_job_spec(spec: Object, path: str) -> Violations:
    found = [violation for field in _COUNTS for violation in at_least_zero(f"{path}.{field}", spec.get(field))]
    if spec["completionMode"] not in ("NonIndexed", "Indexed"):
        found.append(unsupported(f"{path}.completionMode", spec["completionMode"], ("Indexed", "NonIndexed")))
    if spec["completionMode"] == "Indexed" and spec.get("completions") is None:
        found.append(required(f"{path}.completions", "when completion mode is Indexed"))
    return found + prepare_template(spec, path, _RESTART)


def prepare_job(new: Object, old: Object | None) -> Violations:
    """Defaults and rules of a Job; its selector is generated from its uid, as Kubernetes does."""
    spec = attach(new, "spec")
    _default_job_spec(spec)
    if old is None and spec.get("manualSelector") is not True and spec.get("selector") is None:
        metadata = attach(new, "metadata")
        uid = metadata.setdefault("uid", str(uuid.uuid4()))
        labels = attach(spec, "template", "metadata", "labels")
        for prefix in ("batch.kubernetes.io/", ""):
            labels[f"{prefix}controller-uid"] = uid
            labels[f"{prefix}job-name"] = text(metadata, "name")
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    found = check_metadata(new, dns_subdomain) + _check_job_spec(spec, "spec") + check_selector(spec, "spec", "job")
    if old is None:
        new["status"] = {}
        return found
    before = mapping(old, "spec")
    for field in ("selector", "template", "completionMode"):
        found += immutable(spec, before, field, "spec")
    if spec["completionMode"] == "NonIndexed":
        found += immutable(spec, before, "completions", "spec")
    return found


def prepare_cron_job(new: Object, old: Object | None) -> Violations:
    """Defaults and rules of a CronJob."""
    spec = attach(new, "spec")
    default(
        spec,
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )
    attach(spec, "jobTemplate", "metadata")
    job = attach(spec, "jobTemplate", "spec")
    _default_job_spec(job)
    found = check_metadata(new, dns_subdomain)
    schedule = text(spec, "schedule")
    if not schedule:
        found.append(required("spec.schedule"))
    else:
        try:
            parse_schedule(schedule)
        except ValueError as error:
            found.append(invalid("spec.schedule", schedule, str(error)))
    if zone := text(spec, "timeZone"):
        try:
            zoneinfo.ZoneInfo(zone)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            found.append(invalid("spec.timeZone", zone, f"unknown time zone {zone}"))
    if spec["concurrencyPolicy"] not in ("Allow", "Forbid", "Replace"):
        policies = ("Allow", "Forbid", "Replace")
        found.append(unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], policies))
    for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit", "startingDeadlineSeconds"):
        found += at_least_zero(f"spec.{field}", spec.get(field))
    if len(text(new, "metadata", "name")) > 52:
        detail = "must be no more than 52 characters"
        found.append(invalid("metadata.name", text(new, "metadata", "name"), detail))
    found += _check_job_spec(job, "spec.jobTemplate.spec")
    if old is None:
        new["status"] = {}
    return found


def _job_status(job: Object) -> str:
    for kind, shown in (("Complete", "Complete"), ("Failed", "Failed")):
        if condition(job, kind).get("status") == "True":
            return shown
    if mapping(job, "metadata").get("deletionTimestamp"):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget"):
        if condition(job, kind).get("status") == "True":
            return kind
    return "Running"


def _completions(job: Object) -> str:
    succeeded, parallelism = integer(job, "status", "succeeded"), integer(job, "spec", "parallelism")
    if mapping(job, "spec").get("completions") is not None:
        return f"{succeeded}/{integer(job, 'spec', 'completions')}"
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(job: Object) -> str:
    status = mapping(job, "status")
    return running_for(status.get("startTime"), status.get("completionTime"))


def _last_schedule(obj: Object) -> str:
    last = mapping(obj, "status").get("lastScheduleTime")
    return since(last) if last else "<none>"


JOBS = Resource(
    group="batch",
    version="v1",
    plural="jobs",
    kind="Job",
    categories=("all",),
    subresources=("status",),
    prepare=prepare_job,
    columns=(
        NAME,
        Column(name="Status", cell=_job_status, description="Status of the job."),
        Column(name="Completions", cell=_completions, description="Pods that ended well, of those wanted."),
        Column(name="Duration", cell=_duration, description="Time required to complete the job."),
        AGE,
        *containers("spec", "template"),
        selector("spec", "selector"),
    ),
)
CRON_JOBS = Resource(
    group="batch",
    version="v1",
    plural="cronjobs",
    kind="CronJob",
    short_names=("cj",),
    categories=("all",),
    subresources=("status",),
    prepare=prepare_cron_job,
    columns=(
        NAME,
        string("Schedule", "spec", "schedule", description="The schedule in Cron format."),
        string("Timezone", "spec", "timeZone", absent="<none>", description="The time zone of the schedule."),
        Column(name="Suspend", type="boolean", cell=lambda obj: str(mapping(obj, "spec").get("suspend") is True)),
        Column(name="Active", type="integer", cell=lambda obj: len(items(obj, "status", "active"))),
        Column(name="Last Schedule", cell=_last_schedule, description="When the job was last scheduled."),
        AGE,
        *containers("spec", "jobTemplate", "spec", "template"),
        selector("spec", "jobTemplate", "spec", "selector"),
    ),
)
BATCH = (JOBS, CRON_JOBS)
