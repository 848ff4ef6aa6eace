"""A small issuer over HTTP on 127.0.0.1: a discovery document, a key set, and what a test puts in their place."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.sources.hostile import Reply, Toy, toy
from tests.transports.oidc.signer import Signer

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"


@dataclass
class LocalIssuer:
    """Its server, which answers as it is told, and its keys."""

    server: Toy
    signer: Signer

    @property
    def url(self) -> str:
        """The issuer's name, and where it is."""
        return self.server.url

    @property
    def asked(self) -> list[str]:
        """The paths asked, in order."""
        return self.server.paths

    def answer(self, path: str, reply: Reply) -> None:
        """Answer a path so from now on."""
        self.server.replies[path] = reply

    def reset(self) -> None:
        """Answer as a good issuer does."""
        self.server.replies.clear()
        self.answer(DISCOVERY, json_reply({"issuer": self.url, "jwks_uri": self.url + KEYS}))
        self.answer(KEYS, json_reply(self.signer.key_set()))
        self.server.asked.clear()


def json_reply(document: Any) -> Reply:
    """A JSON document as an answer."""
    return Reply(body=json.dumps(document).encode(), headers={"Content-Type": "application/json"})


@contextmanager
def local_issuer(signer: Signer) -> Iterator[LocalIssuer]:
    """An issuer that lives as long as the block."""
    with toy() as server:
        made = LocalIssuer(server, signer)
        made.reset()
        yield made
