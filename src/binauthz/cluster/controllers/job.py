"""The Job controller."""

import asyncio

from binauthz.cluster.catalogue.age import parse_time
from binauthz.cluster.catalogue.fields import Object, mapping
from binauthz.cluster.controllers.claims import Claims
from binauthz.cluster.controllers.controller import Cluster, Controller
from binauthz.cluster.controllers.job_plan import finished_at, is_finished, job_pod, plan, status_of
from binauthz.cluster.controllers.owners import is_deleting, name_of, namespace_of, uid_of
from binauthz.cluster.controllers.pod_control import PodControl
from binauthz.cluster.controllers.refusals import Refusals
from binauthz.cluster.controllers.work_queue import Key


class JobController(Controller):
    """batch/v1 Job."""

    resource = "batch/jobs"
    component = "job-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        pods = self.caches["pods"]
        self._claims = Claims(client=self.client, cache=pods, api_version="batch/v1", kind="Job")
        self._control = PodControl(client=self.client, pods=pods, tell=self.tell)
        self._refusals = Refusals()

    def subscribe(self) -> None:
        """Its Pods."""
        self.follow_children("pods", "Job")

    async def sync(self, key: Key) -> float | None:
        """Run what is to run, then report; a finished Job goes when its time to live is over."""
        job = self.caches[self.resource].get(*key)
        if job is None or is_deleting(job):
            return None
        if is_finished(job):
            return await self._expire(job)
        pods = await self._claims.of(job)
        todo = plan(job, pods, self.clock.now())
        now = asyncio.get_running_loop().time()
        again = self._refusals.pause(job, now) if todo.create else None
        if todo.create and not again:
            refused = await self._control.create(job, [job_pod(job, index) for index in todo.create])
            if refused is None:
                self._refusals.accepted(job)
            else:
                again = self._refusals.refused(job, refused.message, now)
        if todo.delete and await self._control.delete(job, todo.delete) is not None:
            again = 1.0
        pods = await self._claims.of(job)
        job = await self.write_status(job, status_of(job, pods, todo.outcome, self.clock.now()))
        if todo.outcome is not None:
            complete = todo.outcome.condition == "Complete"
            if complete:
                self.tell(job, "Normal", "Completed", "Job completed")
            else:
                self.tell(job, "Warning", todo.outcome.reason, todo.outcome.message)
        return min((wait for wait in (again, self._until_deadline(job)) if wait), default=None)

    def _until_deadline(self, job: Object) -> float | None:
        deadline = mapping(job, "spec").get("activeDeadlineSeconds")
        started = parse_time(mapping(job, "status").get("startTime"))
        if not isinstance(deadline, int) or started is None or is_finished(job):
            return None
        return max(0.1, deadline - (self.clock.now() - started).total_seconds() + 0.1)

    async def _expire(self, job: Object) -> float | None:
        ttl = mapping(job, "spec").get("ttlSecondsAfterFinished")
        ended = finished_at(job)
        if not isinstance(ttl, int) or ended is None:
            return None
        left = ttl - (self.clock.now() - ended).total_seconds()
        if left > 0:
            return left + 0.1
        await self.client.delete(self.resource, namespace_of(job), name_of(job), uid=uid_of(job))
        return None
