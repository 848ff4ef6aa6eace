"""The fuzz attacks servers of its own: what it leaves behind is nothing for other tests."""

from tests.postgres import postgres_cluster, postgres_url

__all__ = ["postgres_cluster", "postgres_url"]
