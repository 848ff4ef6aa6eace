"""What ``:evaluate`` is asked and answers: objects in, a tree of results out (SPEC 6.5)."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from binauthz.base.errors import ApiError, invalid_field
from binauthz.policy.decision import worst
from binauthz.policy.platform import model
from binauthz.policy.platform.evaluate import CheckResult, CheckSetResult, ImageResult, PodResult
from binauthz.policy.platform.subject import PodSubject
from binauthz.policy.pod import InvalidPod, images
from binauthz.policy.workloads import workloads
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import set_enum

_PACKAGE = "google.cloud.binaryauthorization.v1"


def fill_scope(message: Any, scope: model.Scope | None) -> None:
    """Write a scope into a message that has one; nothing for a default check set."""
    if scope is not None and scope.namespace:
        message.scope.kubernetes_namespace = scope.namespace
    elif scope is not None:
        message.scope.kubernetes_service_account = scope.service_account


def to_pods(resource: Message) -> tuple[PodSubject, ...]:
    """Every Pod that an object would make; INVALID_ARGUMENT when there is none, as nothing is vacuously true."""
    pods = []
    try:
        for each in workloads(json_format.MessageToDict(resource)):
            if each.problem:
                raise invalid_field("resource", each.problem)
            if each.pod is None:
                raise invalid_field("resource", f"got a `{each.kind[:63]}`, expected an object with a Pod template")
            spec = each.pod.spec
            pods.append(
                PodSubject(
                    name=each.name,
                    namespace=each.namespace or "default",
                    service_account=spec.service_account_name or spec.service_account or "default",
                    images=tuple(use.image for use in images(spec)),
                )
            )
    except InvalidPod as error:
        raise invalid_field("resource", str(error)) from None
    if not pods:
        raise invalid_field("resource", "got no Pods, expected at least one")
    return tuple(pods)


def images_of(resource: Message) -> list[str]:
    """The images of every Pod that an object would make; none of an object that is refused."""
    try:
        return sorted({image for pod in to_pods(resource) for image in pod.images})
    except ApiError:
        return []


def _fill_check_result(message: Any, result: CheckResult) -> None:
    message.index, message.display_name, message.type = result.index, result.display_name, result.type
    message.explanation = result.explanation
    if result.matched_pattern is not None:
        message.allowlist_result.matched_pattern = result.matched_pattern
    else:
        set_enum(message.evaluation_result, "verdict", result.verdict.value)


def _fill_check_set_result(message: Any, result: CheckSetResult) -> None:
    message.index, message.display_name = result.index, result.check_set.display_name
    fill_scope(message, result.check_set.scope)
    message.explanation = result.explanation
    if result.matched_pattern is not None:
        message.allowlist_result.matched_pattern = result.matched_pattern
    for check in result.checks:
        _fill_check_result(message.check_results.results.add(), check)


def _fill_image_result(message: Any, result: ImageResult) -> None:
    message.image_uri, message.explanation = result.image, result.explanation
    set_enum(message, "verdict", result.verdict.value)
    if result.matched_pattern is not None:
        message.allowlist_result.matched_pattern = result.matched_pattern
    if result.check_set is not None:
        _fill_check_set_result(message.check_set_result, result.check_set)


def from_results(results: tuple[PodResult, ...]) -> Message:
    """The whole answer."""
    answer: Any = message_class(f"{_PACKAGE}.EvaluateGkePolicyResponse")()
    set_enum(answer, "verdict", worst([each.verdict for each in results]).value)
    for each in results:
        pod = answer.results.add(
            pod_name=each.pod.name,
            kubernetes_namespace=each.pod.namespace,
            kubernetes_service_account=each.pod.service_account,
        )
        set_enum(pod, "verdict", each.verdict.value)
        for image in each.images:
            _fill_image_result(pod.image_results.add(), image)
    result: Message = answer
    return result
