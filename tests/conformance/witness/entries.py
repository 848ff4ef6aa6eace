"""What the server's audit log says of the calls that the witness saw (SPEC 5.4): one entry for each change, in the log
of its project and done as the client was told, and none for a read.

Asks by the Logging API, so that a server that an operator points the suite at is held to the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from binauthz.services.names import project_of
from binauthz.transports.access import access
from binauthz.transports.methods import METHODS
from tests.conformance.rest import Rest
from tests.conformance.server import Target
from tests.conformance.witness.ledger import Call, Ledger

_WRITES = {row.full_name: access(row).writes for row in METHODS}
_PAGE = 1000


def unaccounted(calls: Iterable[Call], entries: Sequence[Mapping[str, Any]], ids: Mapping[str, str]) -> list[str]:
    """How the entries differ from one for each successful call that writes; ``ids`` are projects by their number."""
    called = Counter(call.method for call in calls if call.status == "OK" and _WRITES.get(call.method))
    payloads = [entry["protoPayload"] for entry in entries]
    # An evaluation that makes a key sign is a change, which nothing but its request says.
    payloads = [each for each in payloads if not each.get("request", {}).get("attestationMode")]
    logged = Counter(each["methodName"] for each in payloads if not each.get("status", {}).get("code"))
    faults = [
        f"{method} succeeded {called[method]} times and left {logged[method]} entries of success"
        for method in sorted({*called, *logged})
        if called[method] != logged[method]
    ]
    faults += [f"{each['methodName']} reads and left an entry" for each in payloads if not _WRITES[each["methodName"]]]
    for entry in entries:
        resource = entry["protoPayload"]["resourceName"]
        project = project_of(resource)
        # An operation of Service Usage is named by itself.
        if project and ids.get(project, project) != project_of(entry["logName"]):
            faults.append(f"the entry about {resource} is in {entry['logName']}")
    return faults


class Account:
    """One server's calls beside its entries, each compared once."""

    def __init__(self, server: Target, ledger: Ledger) -> None:
        self._ledger = ledger
        self._rest = Rest(server.url, server.token)
        found = self._rest.get("/v1/projects").document["projects"]
        self._ids = {f"projects/{each['projectNumber']}": f"projects/{each['projectId']}" for each in found}
        newest = self._page(self._query("timestamp desc", size=1)).get("entries", [])
        self._known = {each["insertId"] for each in newest}
        self._since = max((each["timestamp"] for each in newest), default="")
        self._mark = ledger.mark

    def settle(self) -> list[str]:
        """What is wrong with the entries of the calls since the last time."""
        calls = self._ledger.since(self._mark)
        self._mark += len(calls)
        return unaccounted(calls, self._new(), self._ids) if calls else []

    def _new(self) -> list[Mapping[str, Any]]:
        query, found = self._query("timestamp asc", size=_PAGE), []
        while True:
            page = self._page(query)
            found += [each for each in page.get("entries", []) if each["insertId"] not in self._known]
            if not page.get("nextPageToken"):
                break
            query["pageToken"] = page["nextPageToken"]
        self._known |= {each["insertId"] for each in found}
        self._since = max([self._since, *(each["timestamp"] for each in found)])
        return [each for each in found if each["protoPayload"].get("methodName") in _WRITES]

    def _query(self, order: str, *, size: int) -> dict[str, Any]:
        since = f' AND timestamp>="{self._since}"' if order.endswith("asc") and self._since else ""
        return {
            "resourceNames": sorted(self._ids.values()),
            "filter": f'logName:"cloudaudit.googleapis.com"{since}',
            "orderBy": order,
            "pageSize": size,
        }

    def _page(self, query: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._rest.post("/v2/entries:list", query)
        assert answer.status == 200, answer.document
        page: dict[str, Any] = answer.document
        return page
