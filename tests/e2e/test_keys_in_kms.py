"""A key that never leaves the server signs what a Pod needs: gcloud kms, attestors by key version, sign-and-create."""

import json
import os
import signal

import pytest

from tests.e2e.platform import HELLO, Kubectl, Platform, rule, unique, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]


def test_a_pod_is_admitted_once_its_image_is_signed_by_a_kept_key(
    platform: Platform, cluster_context: Kubectl, allow_all: None
) -> None:
    ring, key, name = unique("ring"), unique("key"), unique("attestor")
    at = ("--location=global", f"--keyring={ring}")
    version = ("--keyversion=1", "--keyversion-location=global", f"--keyversion-keyring={ring}",
               f"--keyversion-key={key}")  # fmt: skip
    platform.gcloud("kms", "keyrings", "create", ring, "--location=global").ok()
    platform.gcloud(
        "kms", "keys", "create", key, *at, "--purpose=asymmetric-signing", "--default-algorithm=ec-sign-p256-sha256"
    ).ok()
    body = {"attestation": {"hint": {"humanReadableName": name}}}
    platform.curl("POST", f"/v1/projects/demo-project/notes/?noteId={name}", json.dumps(body)).ok()
    platform.gcloud(
        "container", "binauthz", "attestors", "create", name,
        f"--attestation-authority-note={name}", "--attestation-authority-note-project=demo-project",
    ).ok()  # fmt: skip
    platform.gcloud("container", "binauthz", "attestors", "public-keys", "add", f"--attestor={name}", *version).ok()
    platform.set_policy(
        {"defaultAdmissionRule": rule("REQUIRE_ATTESTATION", f"projects/demo-project/attestors/{name}")}
    )
    refused = cluster_context("run", unique("p"), "--image", HELLO).refused()
    assert f"denied by attestor projects/demo-project/attestors/{name}" in refused

    # The key outlives the process that made it.
    before = platform.addresses["control_pid"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: platform.addresses["control_pid"] not in {0, before}, "a new control plane")
    wait_for(lambda: platform.curl("GET", "/readyz").out.startswith("ok"), "the new control plane is ready")

    signed = platform.gcloud(
        "beta", "container", "binauthz", "attestations", "sign-and-create", f"--artifact-url={HELLO}",
        f"--attestor={name}", "--attestor-project=demo-project", *version, "--validate",
    )  # fmt: skip
    signed.ok()
    assert "could not be validated" not in signed.err
    cluster_context("run", unique("p"), "--image", HELLO).ok()

    # Destroying the key stops new signatures; what was attested stays attested until it or the key's entry is removed.
    platform.gcloud("kms", "keys", "versions", "destroy", "1", *at, f"--key={key}").ok()
    again = platform.gcloud(
        "beta", "container", "binauthz", "attestations", "sign-and-create",
        f"--artifact-url={HELLO.replace('37e5', '37e6')}", f"--attestor={name}", "--attestor-project=demo-project",
        *version,
    ).refused()  # fmt: skip
    assert "is not enabled, current state is: DESTROY_SCHEDULED" in again
    cluster_context("run", unique("p"), "--image", HELLO).ok()
