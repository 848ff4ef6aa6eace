"""What the lists of Cloud KMS have in common: their order, which filters they take, and how long a page is."""

from binauthz.base.errors import invalid_field

PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1000


def check_list(*, filter: str, order_by: str) -> None:
    """Return for what is served: everything, by name. gcloud filters and sorts by itself and sends neither."""
    if filter:
        raise invalid_field("filter", "filters are not supported here: read the list and filter it")
    if order_by not in {"", "name", "name asc"}:
        raise invalid_field("orderBy", f"got `{order_by[:120]}`, expected nothing or `name`")
