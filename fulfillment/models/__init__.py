from fulfillment.models.alert import Alert
from fulfillment.models.attempt import Attempt, SupplierEvent
from fulfillment.models.batch import BatchLine, BatchSeen, CodeBatch
from fulfillment.models.case import ManualCase
from fulfillment.models.code import Code, CodeIssue, CodeReveal
from fulfillment.models.consignment import ConsignedUnit, Consignment
from fulfillment.models.delivery import Delivery
from fulfillment.models.demand import DailyDemand, Forecast, SalesOccasion
from fulfillment.models.edition import (
    Certificate,
    CertificateLink,
    Edition,
    EditionPlace,
    SigningKey,
)
from fulfillment.models.entitlement import Entitlement
from fulfillment.models.export import CodeExport
from fulfillment.models.merchant import Clerk, ClerkRole, Merchant, Store, TillKey, TillNonce
from fulfillment.models.payout import PayeeKind, Payout, PayoutRun, PayoutState
from fulfillment.models.purchase import Purchase, PurchaseLine, PurchaseSource
from fulfillment.models.redemption import (
    Redemption,
    RedemptionKind,
    RefusedScan,
    VoucherCode,
    VoucherPlace,
    VoucherTerms,
)
from fulfillment.models.routing import (
    RouteDecision,
    RoutePolicy,
    SupplierCircuit,
    SupplierPace,
    SupplierSlot,
)
from fulfillment.models.share import PoolShare, ShareMove, ShareTicket
from fulfillment.models.supplier import Supplier, SupplierOffer, SupplierTerms
from fulfillment.models.sync import CostRule, SupplierGood, SupplierSync, SupplyChange
from fulfillment.models.wallet import (
    ActivationTerms,
    EntitlementBinding,
    ExpiryReminder,
    Gift,
    OwnershipChange,
    ReminderChoice,
    RevealLink,
)

__all__ = [
    "ActivationTerms",
    "Alert",
    "Attempt",
    "BatchLine",
    "BatchSeen",
    "Certificate",
    "CertificateLink",
    "Clerk",
    "ClerkRole",
    "Code",
    "CodeBatch",
    "CodeExport",
    "CodeIssue",
    "CodeReveal",
    "ConsignedUnit",
    "Consignment",
    "CostRule",
    "DailyDemand",
    "Delivery",
    "Edition",
    "EditionPlace",
    "Entitlement",
    "EntitlementBinding",
    "ExpiryReminder",
    "Forecast",
    "Gift",
    "ManualCase",
    "Merchant",
    "OwnershipChange",
    "PayeeKind",
    "Payout",
    "PayoutRun",
    "PayoutState",
    "PoolShare",
    "Purchase",
    "PurchaseLine",
    "PurchaseSource",
    "Redemption",
    "RedemptionKind",
    "RefusedScan",
    "ReminderChoice",
    "RevealLink",
    "RouteDecision",
    "RoutePolicy",
    "SalesOccasion",
    "ShareMove",
    "ShareTicket",
    "SigningKey",
    "Store",
    "Supplier",
    "SupplierCircuit",
    "SupplierEvent",
    "SupplierGood",
    "SupplierOffer",
    "SupplierPace",
    "SupplierSlot",
    "SupplierSync",
    "SupplierTerms",
    "SupplyChange",
    "TillKey",
    "TillNonce",
    "VoucherCode",
    "VoucherPlace",
    "VoucherTerms",
]
