"""What this floor hangs into the sockets of the floors below."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import acts
from catalog.blocks.fragments import FRAGMENTS, Fragment
from catalog.fees import FEES
from core import approvals, audit, switches
from core.health import QUEUES, Queue
from core.ledger import CHART, ChartRow
from core.rotation import SEALED_COLUMNS, SealedColumn
from fulfillment import access, trace
from fulfillment.origins import ORIGINS
from orders import postings
from orders.margins import dearest_fee_bp
from orders.models.private import cart_inputs_context, private_context, target_context
from orders.payments import registry
from orders.queries.tracing import TRACER
from orders.reconciliation import setup as reconciliation
from orders.services import two_persons
from orders.services.coupons import export_coupons
from orders.services.points import correct_points
from orders.services.points import points_book as book
from orders.services.promotions import promotion_subsidy
from orders.services.promotions.change_promotion import CHANGED
from orders.services.promotions.save_promotion import SAVED
from orders.views.bundles import origins
from orders.views.checkout import ACCEPT
from orders.views.proof import prove
from orders.wiring import balance, exchange, flash, group, invite, lottery, subscription


def _accounts() -> None:
    CHART.register(postings.CLEARING, ChartRow("asset", _("Payment providers, to be settled")))
    CHART.register(postings.OBLIGATION, ChartRow("liability", _("Goods owed to buyers")))
    CHART.register(
        postings.UNALLOCATED, ChartRow("liability", _("Money that pays for nothing yet"))
    )
    CHART.register(postings.REFUND_PAYABLE, ChartRow("liability", _("Refunds owed to buyers")))
    CHART.register(postings.FEE, ChartRow("expense", _("Fees of payment providers")))
    CHART.register(postings.REVENUE, ChartRow("income", _("Revenue")))
    CHART.register(postings.SUBSIDY, ChartRow("expense", _("Subsidies of promotions")))
    CHART.register(book.POINTS, ChartRow("liability", _("Points of people"), floor=0))
    CHART.register(book.OWED, ChartRow("asset", _("Points owed by people"), floor=0))
    CHART.register(book.HELD, ChartRow("liability", _("Points held for unpaid orders")))
    CHART.register(book.ISSUED, ChartRow("expense", _("Points given")))
    CHART.register(book.SPENT, ChartRow("income", _("Points spent")))
    CHART.register(book.EXPIRED, ChartRow("income", _("Points expired")))
    CHART.register("discount", ChartRow("expense", _("Discounts")))


def _acts() -> None:
    acts.register("orders.cancel", _("Cancel an unpaid order"), roles=("operator", "support"))
    acts.register(
        "orders.refund",
        _("Refund what was not delivered"),
        roles=("operator", "support", "finance"),
    )
    acts.register(
        "orders.refund_delivered",
        _("Refund delivered goods (two persons)"),
        roles=("operator", "finance"),
    )
    acts.register(
        "orders.confirm_payment",
        _("Confirm a payment by hand (two persons)"),
        roles=("operator", "finance"),
    )
    acts.register(
        "orders.settle_notice",
        _("Settle money that was set aside (two persons)"),
        roles=("operator", "finance"),
    )
    acts.register("orders.retry_refund", _("Send a refused refund again"), roles=("finance",))
    acts.register("orders.query", _("Ask a payment provider now"), roles=("operator", "finance"))
    acts.register(
        "orders.resend_link", _("Send an order's link again"), roles=("operator", "support")
    )
    acts.register("orders.promotion_edit", _("Write down promotions"), roles=("operator",))
    acts.register(
        "orders.promotion_switch", _("Switch promotions on, and end them"), roles=("operator",)
    )
    acts.register(
        "orders.promotion_freeze",
        _("Pause a promotion at once"),
        roles=("operator", "support", "finance"),
    )
    acts.register(
        "orders.promotion_subsidy",
        _("Let a promotion sell under the floor (two persons)"),
        roles=("operator", "finance"),
    )
    acts.register("orders.edit_coupons", _("Set up, print and void coupons"), roles=("operator",))
    acts.register(export_coupons.ACT, _("Export coupon codes (two persons)"), roles=("operator",))
    acts.register("orders.points", _("Set up rules of points"), roles=("operator",))
    acts.register(
        "orders.correct_points",
        _("Put points right (two persons)"),
        roles=("operator", "support", "finance"),
    )
    acts.register("orders.fill_wait", _("Fill a waiting order now"), roles=("operator",))


def _audit_tags() -> None:
    for tag, title in {
        "coupons:set_up": "A coupon campaign was set up or changed",
        "coupons:ordered": "A batch of coupon codes was ordered",
        "coupons:voided": "Coupons were made void",
        "coupons:batch_changed": "A batch of coupon codes was frozen, freed or made void",
        "coupons:exported": "Two persons agreed on an export of coupon codes",
        "coupons:export_password": "The password of a coupon export was looked at",
        "coupons:export_taken": "A coupon export was downloaded",
        "order:refund_requested": "A refund of undelivered units was asked for",
        "order:delivered_refunded": "Delivered goods were refunded by two persons",
        "order:link_resent": "An order's link was sent again",
        "order:attached": "A guest's order joined an account",
        "order:cancelled": "An unpaid order was cancelled by staff",
        "payment:confirmed_by_hand": "A payment was confirmed by two persons",
        "payment:settled_aside": "Money that did not fit was settled by two persons",
        "payment:queried": "A payment provider was asked by staff",
        "points:set_up": "Rules of points were set up",
        "points:corrected": "Points were put right by two persons",
        "refund:retried": "A refused refund was sent again",
        SAVED: "A promotion was written down",
        CHANGED: "A promotion was switched on, paused or ended",
        promotion_subsidy.AGREED: "Two persons agreed to a promotion's subsidy",
    }.items():
        audit.declare(tag, title)


def _sealed_columns() -> None:
    columns: dict[str, tuple[str, Any]] = {
        "orders.Order": ("private_sealed", lambda row: private_context(row.public_id)),
        "orders.OrderLine": ("target_sealed", lambda row: target_context(row.public_id)),
        "orders.Coupon": ("code_sealed", lambda row: row.context),
        "orders.CartLine": ("inputs_sealed", lambda row: cart_inputs_context(row.pk)),
    }
    for model, (field, context) in columns.items():
        SEALED_COLUMNS.register(f"{model}.{field}", SealedColumn(model, field, context))


def _switches() -> None:
    switches.declare(ACCEPT, default=True, title=_("The shop takes new orders"), owner="orders")


def _executors() -> None:
    approvals.executor(
        two_persons.CONFIRM, act="orders.confirm_payment", title=_("Confirm a payment by hand")
    )(two_persons.carry_out_confirmation)
    approvals.executor(
        two_persons.SETTLE, act="orders.settle_notice", title=_("Settle money that was set aside")
    )(two_persons.carry_out_settlement)
    approvals.executor(
        correct_points.CORRECT, act="orders.correct_points", title=_("Put points right")
    )(correct_points.carry_out_correction)
    approvals.executor(
        two_persons.REFUND_DELIVERED,
        act="orders.refund_delivered",
        title=_("Refund delivered goods"),
    )(two_persons.carry_out_delivered_refund)
    approvals.executor(
        promotion_subsidy.SUBSIDY,
        act="orders.promotion_subsidy",
        title=_("Let a promotion sell under the floor"),
    )(promotion_subsidy.carry_out_subsidy)


def _coupons() -> None:
    approvals.executor(
        export_coupons.ACTION, act=export_coupons.ACT, title=_("Export coupon codes")
    )(export_coupons.carry_out_coupon_export)
    FRAGMENTS.register("coupons", Fragment("orders:coupon_strip", "orders:coupons"))


def _queues() -> None:
    QUEUES.register(
        "orders.aside",
        Queue(
            _("Money set aside for people"),
            "select count(*), min(received_at) from orders_notice where outcome = 'quarantined'",
            late_seconds=4 * 3600,
        ),
    )


def register() -> None:
    """Called once, when every floor below is loaded."""
    _accounts()
    _acts()
    _audit_tags()
    _sealed_columns()
    _executors()
    _coupons()
    _queues()
    _switches()
    for subject in (balance, exchange, flash, group, invite, lottery, subscription):
        subject.register()
    registry.load()
    reconciliation.register()
    FEES.register("orders", dearest_fee_bp)
    access.PROOFS.register("orders", prove)
    ORIGINS.register("orders", origins)
    trace.TRACERS.register("orders", TRACER)
