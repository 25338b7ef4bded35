"""The desk of reconciliation: what was compared, what differs, whose file said so.

The pages stand on this floor because they need roles and the page that asks before it acts; they
show the runs of every floor.
"""

from fulfillment.admin.reconciling import comparisons, differences, statements

__all__ = ["comparisons", "differences", "statements"]
