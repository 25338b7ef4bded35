from fulfillment.models.attempt import Attempt, SupplierEvent
from fulfillment.models.batch import BatchLine, BatchSeen, CodeBatch
from fulfillment.models.case import ManualCase
from fulfillment.models.code import Code, CodeIssue, CodeReveal
from fulfillment.models.delivery import Delivery
from fulfillment.models.entitlement import Entitlement
from fulfillment.models.export import CodeExport
from fulfillment.models.supplier import Supplier, SupplierOffer

__all__ = [
    "Attempt",
    "BatchLine",
    "BatchSeen",
    "Code",
    "CodeBatch",
    "CodeExport",
    "CodeIssue",
    "CodeReveal",
    "Delivery",
    "Entitlement",
    "ManualCase",
    "Supplier",
    "SupplierEvent",
    "SupplierOffer",
]
