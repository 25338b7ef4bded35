from risk.models.assessment import Assessment
from risk.models.listentry import ListEntry
from risk.models.openbudget import OpenBudget
from risk.models.rulesetting import RuleSetting

__all__ = ["Assessment", "ListEntry", "OpenBudget", "RuleSetting"]
