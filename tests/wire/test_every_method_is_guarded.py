"""The method table: each row asks for a permission that some role holds, on the resource that the request names."""

import pytest

from binauthz.services.roles import PERMISSIONS
from binauthz.transports.method import Method
from binauthz.transports.methods import METHODS
from binauthz.wire.descriptors import message_class, methods

# Each decides in its handler, or gives everyone who is authenticated what everyone may know.
DECIDED_BY_THE_HANDLER = {
    "GetIamPolicy",
    "SetIamPolicy",
    "TestIamPermissions",
    "GetSystemPolicy",
    "ListProjects",
    "GetOperation",
    "DeleteOperation",
    "CancelOperation",
    "ListLogEntries",
    "ListLogs",
    "ListMonitoredResourceDescriptors",
    "WriteLogEntries",
}


@pytest.mark.parametrize("row", METHODS, ids=lambda row: row.full_name)
def test_a_row_names_a_method_a_known_permission_and_a_resource(row: Method) -> None:
    request = message_class(methods()[row.full_name].input_type.full_name)()
    assert isinstance(row.resource(request), str)
    if row.permission is None:
        assert row.full_name.rpartition(".")[2] in DECIDED_BY_THE_HANDLER
    else:
        assert row.permission in PERMISSIONS


def test_no_method_has_two_rows() -> None:
    names = [row.full_name for row in METHODS]
    assert len(names) == len(set(names))


def test_the_three_versions_of_binary_authorization_serve_the_same_methods() -> None:
    served: dict[str, set[str]] = {"v1": set(), "v1beta1": set(), "v1alpha2": set()}
    for row in METHODS:
        package, _, method = row.full_name.rpartition(".")
        # Platform policies are in v1 alone, whatever the track (SPEC 13.1), and the CV config in v1alpha2 (SPEC 6.9).
        elsewhere = "PlatformPolic" in package or "ContinuousValidation" in package
        if package.startswith("google.cloud.binaryauthorization.") and not elsewhere:
            served[package.split(".")[3]].add(method)
    assert served["v1"] == served["v1beta1"] == served["v1alpha2"]
    assert len(served["v1"]) == 9


def test_reading_asks_for_no_right_to_write() -> None:
    for row in METHODS:
        if row.permission and row.full_name.rpartition(".")[2].startswith(("Get", "List")):
            verb = row.permission.rpartition(".")[2]
            assert verb.startswith(("get", "list", "generateCredentials", "viewPublicKey"))
