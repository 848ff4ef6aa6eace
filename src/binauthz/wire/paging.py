"""Which page of a list a request asks for, whatever is listed (AIP-158)."""

from typing import Any

from binauthz.services.paging import PageRequest


def page_of(request: Any) -> PageRequest:
    """The page that the request asks for."""
    return PageRequest(size=request.page_size, token=request.page_token)
