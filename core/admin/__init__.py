from core.admin import approvals, audit, ledger, switches, system

__all__ = ["approvals", "audit", "ledger", "switches", "system"]
