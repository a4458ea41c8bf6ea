"""What the process imports from which writers are forked: everything, with the statements compiled already."""

from tests.torture import living, warm

__all__ = ["living"]
warm.share_statements()
