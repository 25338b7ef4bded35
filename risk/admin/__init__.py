from risk.admin import assessments, lists, rules

__all__ = ["assessments", "lists", "rules"]
