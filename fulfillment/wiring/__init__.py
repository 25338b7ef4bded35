"""What this floor hangs into the sockets of the floors below."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import approvals, audit, ledger, switches
from core.health import QUEUES, Queue
from core.rotation import SEALED_COLUMNS, SealedColumn
from fulfillment import postings
from fulfillment.queries import tracing, tracing_vouchers
from fulfillment.services import resolve_manually
from fulfillment.services.choose_offer import PURCHASES
from fulfillment.services.pool import export_codes, replace_code, void_codes
from fulfillment.services.pool.export_codes import password_context
from fulfillment.services.queue_deliveries import target_context
from fulfillment.services.redeeming import undo_redemption
from fulfillment.services.redeeming.issue_voucher import voucher_context
from fulfillment.services.redeeming.make_till import till_context
from fulfillment.services.reveal import code_context
from fulfillment.services.suppliers import change_supplier_keys
from fulfillment.services.suppliers.connect_supplier import credentials_context
from fulfillment.trace import TRACERS, Tracer

for _head, _row in postings.CHART.items():
    ledger.CHART.register(_head, _row)

# --- suppliers and the road ----------------------------------------------------------------------

for _tag, _title in {
    "supplier:saved": "A supplier's connection was set up or changed",
    "supplier:switched": "A supplier was switched on or off",
    "supplier:limits": "What a supplier may be asked to bear was changed",
    "route:saved": "A SKU's routing policy was made or changed",
    "route:deleted": "A SKU's routing policy was deleted",
    "supplier:funded": "Money paid to a supplier in advance was booked",
    "supplier:offers": "Offers of a supplier were added",
    "offer:saved": "A supplier's offer was made or changed",
    "offer:deleted": "A supplier's offer was deleted",
    "supplier:tested": "A supplier's connection was tried",
    "delivery:retried": "A failed delivery was started over",
    "trace:read": "A chain was traced",
}.items():
    audit.declare(_tag, _title)

acts.register("fulfillment.resolve", _("Settle a delivery by hand"), roles=("operator", "support"))
acts.register("fulfillment.retry", _("Start a failed delivery over"), roles=("operator", "support"))
acts.register("fulfillment.suppliers", _("Set up suppliers and switch them"), roles=("operator",))
acts.register("fulfillment.fund", _("Book money paid to a supplier"), roles=("finance",))
acts.register(
    "fulfillment.trace",
    _("Trace a chain from batch to ledger"),
    roles=("operator", "support", "finance", "auditor"),
)

approvals.executor(
    resolve_manually.DELIVER, act="fulfillment.resolve", title=_("Settle as delivered")
)(resolve_manually.carry_out)
approvals.executor(
    resolve_manually.FAIL, act="fulfillment.resolve", title=_("Settle as not delivered")
)(resolve_manually.carry_out)

approvals.executor(
    change_supplier_keys.ACTION,
    act="fulfillment.suppliers",
    title=_("Change a supplier's address or keys"),
)(change_supplier_keys.carry_out)

TRACERS.register("fulfillment", Tracer(tracing.find, tracing.facts, tracing.troubles))
TRACERS.register("fulfillment.vouchers", Tracer(tracing_vouchers.find, tracing_vouchers.facts))

switches.declare(
    PURCHASES, default=True, title=_("Goods are bought from suppliers"), owner="fulfillment"
)

QUEUES.register(
    "fulfillment.deliveries",
    Queue(
        _("Deliveries to drive"),
        "select count(*), min(coalesce(not_before, created_at)) from fulfillment_delivery"
        " where state in ('pending', 'dispatched', 'unknown')"
        " and (not_before is null or not_before <= %(now)s)",
    ),
)
QUEUES.register(
    "fulfillment.cases",
    Queue(
        _("Deliveries with a person"),
        "select count(*), min(opened_at) from fulfillment_manualcase where state <> 'resolved'",
        late_seconds=4 * 3600,
    ),
)

# --- the vault and the pool ----------------------------------------------------------------------

for _name, _words, _roles in (
    ("codes.import", _("Import files of codes"), ["operator"]),
    ("codes.quarantine", _("Quarantine codes and put them back"), ["operator"]),
    ("codes.consign", _("Account for codes of outside channels"), ["operator", "finance"]),
    ("codes.share", _("Share the pool among channels"), ["operator"]),
    ("codes.void", _("Write codes off"), ["operator", "finance"]),
    ("codes.export", _("Export codes"), ["operator"]),
    ("codes.replace", _("Replace a dead code"), ["operator", "support"]),
    ("codes.reveal", _("Look at a delivered code"), ["support"]),
):
    acts.register(_name, _words, roles=_roles)

for _tag, _title in {
    "codes:uploaded": "A file of codes was uploaded",
    "codes:revealed": "A code was shown",
    "codes:quarantined": "Codes were taken out of sale",
    "codes:restored": "Codes were put back on sale",
    "codes:batch_frozen": "A whole batch was taken out of sale",
    "codes:share_moved": "Units changed from one channel's share to another's",
    "codes:cap_set": "A channel's cap was changed",
    "codes:outside_sales": "An outside channel reported codes as sold",
    "codes:outside_return": "Codes came back from an outside channel",
    "codes:share_rule": "The rule of a share was changed",
    "codes:voided": "Codes were written off",
    "codes:replaced": "A dead code was replaced",
    "codes:exported": "A file of codes was made",
    "codes:export_password": "The password of an export was shown",
    "codes:export_taken": "A file of codes was downloaded",
}.items():
    audit.declare(_tag, _title)

for _name, _words, _roles in (
    ("vouchers.terms", _("Say what vouchers are good for"), ["operator"]),
    ("merchants.manage", _("Set up merchants, stores, clerks and tills"), ["operator"]),
    ("redemptions.undo", _("Undo a redemption after its window"), ["operator", "support"]),
):
    acts.register(_name, _words, roles=_roles)

for _tag, _title in {
    "codes:leaked": "A code that nobody has bought was shown at a till",
    "vouchers:terms": "The terms of a voucher were set",
    "merchants:saved": "A merchant, a store or a clerk was set up or changed",
    "tills:made": "A till was given a key",
    "tills:ended": "A till's key was ended",
    "redemption:undone": "Two persons undid a redemption",
}.items():
    audit.declare(_tag, _title)

for _module, _act, _words in (
    (undo_redemption, "redemptions.undo", _("Undo a redemption")),
    (void_codes, "codes.void", _("Write codes off")),
    (export_codes, "codes.export", _("Export codes")),
    (replace_code, "codes.replace", _("Replace a dead code")),
):
    approvals.executor(_module.ACTION, act=_act, title=_words)(_module.carry_out)

SEALED_COLUMNS.register(
    "fulfillment.code",
    SealedColumn("fulfillment.Code", "sealed", lambda row: code_context(row.pk)),
)
SEALED_COLUMNS.register(
    "fulfillment.voucher",
    SealedColumn("fulfillment.VoucherCode", "sealed", lambda row: voucher_context(row.pk)),
)
SEALED_COLUMNS.register(
    "fulfillment.till",
    SealedColumn("fulfillment.TillKey", "secret", lambda row: till_context(row.public_id)),
)
SEALED_COLUMNS.register(
    "fulfillment.delivery",
    SealedColumn("fulfillment.Delivery", "target", lambda row: target_context(row.public_id)),
)
SEALED_COLUMNS.register(
    "fulfillment.export",
    SealedColumn("fulfillment.CodeExport", "password", lambda row: password_context(row.public_id)),
)
SEALED_COLUMNS.register(
    "fulfillment.supplier",
    SealedColumn("fulfillment.Supplier", "credentials", lambda row: credentials_context(row.code)),
)
