"""Put the witness before a server."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conformance.server import Target
from tests.conformance.witness import rest, rpc
from tests.conformance.witness.entries import Account
from tests.conformance.witness.ledger import Ledger
from tests.conformance.witness.schemas import Schemas


@contextmanager
def witnessed(server: Target, ledger: Ledger, schemas: Schemas) -> Iterator[Target]:
    """The same target by the witness's addresses, as long as the block lives; its entries are settled at the end."""
    own = Ledger(ledger)
    account = Account(server, own)
    ledger.accounts.append(account.settle)
    try:
        with (
            rest.forwarding(server.url, own, schemas) as url,
            rpc.forwarding(server.grpc_address, own, schemas) as grpc_address,
        ):
            yield dataclasses.replace(server, url=url, grpc_address=grpc_address)
            assert not (faults := account.settle()), faults
    finally:
        ledger.accounts.remove(account.settle)
