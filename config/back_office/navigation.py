"""The side bar in the order of the job; each reader sees what their roles may see."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import may
from core.models import Approval


@dataclass(frozen=True, slots=True)
class Place:
    """A list in the back office: `app.model`, seen by who may view it."""

    title: str | Promise
    icon: str
    model: str

    def link(self) -> str:
        return reverse(f"admin:{self.model.replace('.', '_')}_changelist")

    def open_to(self, user: User | AnonymousUser) -> bool:
        app, model = self.model.split(".")
        return user.has_perm(f"{app}.view_{model}")


GROUPS: tuple[tuple[str | Promise, tuple[Place, ...]], ...] = (
    (
        _("Orders"),
        (
            Place(_("Orders"), "receipt_long", "orders.order"),
            Place(_("Payments"), "payments", "orders.payment"),
            Place(_("Notices"), "mark_email_unread", "orders.notice"),
            Place(_("Refunds"), "undo", "orders.refund"),
            Place(_("Waiting for stock"), "hourglass_top", "orders.orderwait"),
            Place(_("Subscriptions"), "autorenew", "orders.subscription"),
            Place(_("Subscription plans"), "event_repeat", "orders.plan"),
            Place(_("Promotions"), "sell", "orders.promotion"),
        ),
    ),
    (
        _("Campaigns"),
        (
            Place(_("Flash sales"), "bolt", "orders.flashsale"),
            Place(_("Group buys"), "group_add", "orders.groupbuy"),
            Place(_("Groups of buyers"), "groups", "orders.buygroup"),
        ),
    ),
    (
        _("Points"),
        (
            Place(_("Rules of points"), "stars", "orders.pointsrule"),
            Place(_("Goods for points"), "redeem", "orders.pointsgood"),
            Place(_("People's points"), "savings", "orders.pointslot"),
            Place(_("Earned points"), "add_circle", "orders.pointsearning"),
            Place(_("Payments with points"), "toll", "orders.pointspayment"),
        ),
    ),
    (
        _("Friends and rewards"),
        (
            Place(_("Invite programmes"), "group_add", "orders.inviteprogramme"),
            Place(_("Invitations"), "diversity_3", "orders.invite"),
            Place(_("Red packets"), "mail", "orders.packettemplate"),
            Place(_("Shared packets"), "drafts", "orders.packet"),
            Place(_("Tasks"), "task_alt", "orders.task"),
            Place(_("Collected tasks"), "fact_check", "orders.taskclaim"),
            Place(_("Rewards"), "workspace_premium", "orders.reward"),
        ),
    ),
    (
        _("Balances"),
        (
            Place(_("People's balances"), "account_balance_wallet", "orders.personbalance"),
            Place(_("Payments from balances"), "toll", "orders.balancepayment"),
        ),
    ),
    (
        _("Coupons"),
        (
            Place(_("Coupon campaigns"), "confirmation_number", "orders.couponcampaign"),
            Place(_("Coupons"), "local_activity", "orders.coupon"),
            Place(_("Batches of coupon codes"), "print", "orders.couponbatch"),
            Place(_("Exports of coupon codes"), "lock", "orders.couponexport"),
        ),
    ),
    (
        _("Prize draws and codes"),
        (
            Place(_("Lotteries"), "casino", "orders.lottery"),
            Place(_("Prizes won"), "trophy", "orders.award"),
            Place(_("Draws"), "format_list_numbered", "orders.draw"),
            Place(_("Exchange codes"), "redeem", "orders.exchangebatch"),
            Place(_("Exchanges"), "swap_horiz", "orders.exchange"),
        ),
    ),
    (
        _("Delivery"),
        (
            Place(_("Deliveries"), "local_shipping", "fulfillment.delivery"),
            Place(_("Cases for a person"), "support_agent", "fulfillment.manualcase"),
            Place(_("Attempts"), "sync_alt", "fulfillment.attempt"),
            Place(_("Supplier messages"), "forward_to_inbox", "fulfillment.supplierevent"),
            Place(_("What people own"), "wallet", "fulfillment.entitlement"),
            Place(_("Gifts"), "featured_seasonal_and_gifts", "fulfillment.gift"),
            Place(_("Activation terms"), "lock_clock", "fulfillment.activationterms"),
        ),
    ),
    (
        _("Codes and supply"),
        (
            Place(_("Batches"), "inventory_2", "fulfillment.codebatch"),
            Place(_("Codes"), "password", "fulfillment.code"),
            Place(_("Shares of pools"), "pie_chart", "fulfillment.poolshare"),
            Place(_("Editions"), "counter_1", "fulfillment.edition"),
            Place(_("Certificates"), "workspace_premium", "fulfillment.certificate"),
            Place(_("Exports"), "lock_open", "fulfillment.codeexport"),
            Place(_("With outside channels"), "outbound", "fulfillment.consignment"),
            Place(_("Suppliers"), "factory", "fulfillment.supplier"),
            Place(_("Supplier offers"), "price_check", "fulfillment.supplieroffer"),
            Place(_("Routing"), "alt_route", "fulfillment.routepolicy"),
            Place(_("Purchases"), "shopping_cart", "fulfillment.purchase"),
            Place(_("Alerts"), "notifications", "fulfillment.alert"),
            Place(_("What suppliers' lists changed"), "compare_arrows", "fulfillment.supplychange"),
        ),
    ),
    (
        _("Outside channels"),
        (
            Place(_("Outside channels"), "storefront", "distribution.marketplace"),
            Place(_("Their orders"), "receipt", "distribution.marketorder"),
            Place(_("Results told"), "campaign", "distribution.marketpush"),
            Place(_("Keys"), "key", "distribution.marketkey"),
        ),
    ),
    (
        _("Redemption"),
        (
            Place(_("Redemptions"), "qr_code_scanner", "fulfillment.redemption"),
            Place(_("Refused scans"), "gpp_bad", "fulfillment.refusedscan"),
            Place(_("Voucher terms"), "confirmation_number", "fulfillment.voucherterms"),
            Place(_("Merchants"), "store", "fulfillment.merchant"),
            Place(_("Stores"), "pin_drop", "fulfillment.store"),
            Place(_("Till keys"), "point_of_sale", "fulfillment.tillkey"),
        ),
    ),
    (
        _("Goods"),
        (
            Place(_("Products"), "redeem", "catalog.product"),
            Place(_("SKUs"), "style", "catalog.sku"),
            Place(_("Bundles"), "package_2", "catalog.bundle"),
            Place(_("Prices"), "sell", "catalog.price"),
            Place(_("Price lists"), "menu_book", "catalog.pricelist"),
            Place(_("Level prices"), "loyalty", "catalog.levelprice"),
            Place(_("Cost-plus rules"), "trending_up", "catalog.pricerule"),
            Place(_("Prices that follow"), "conversion_path", "catalog.pricefollow"),
            Place(_("Product types"), "tune", "catalog.producttype"),
            Place(_("Categories"), "category", "catalog.category"),
            Place(_("Brands"), "verified", "catalog.brand"),
            Place(_("Tags"), "label", "catalog.tag"),
            Place(_("Shop pages"), "dashboard_customize", "catalog.page"),
            Place(_("Channels"), "storefront", "catalog.channel"),
        ),
    ),
    (
        _("People"),
        (
            Place(_("People and roles"), "group", "accounts.user"),
            Place(_("Member levels"), "military_tech", "accounts.memberlevel"),
            Place(_("Member days"), "event_repeat", "accounts.memberday"),
            Place(_("Memberships"), "card_membership", "accounts.membership"),
            Place(_("Growth"), "trending_up", "accounts.growthentry"),
            Place(_("Messages"), "mail", "accounts.message"),
        ),
    ),
    (
        _("Risk"),
        (
            Place(_("Assessments"), "policy", "risk.assessment"),
            Place(_("Lists"), "block", "risk.listentry"),
            Place(_("Rules"), "rule", "risk.rulesetting"),
        ),
    ),
    (
        _("Books"),
        (
            Place(_("Reconciliation"), "fact_check", "core.comparison"),
            Place(_("Differences"), "rule_settings", "core.difference"),
            Place(_("Statements"), "request_quote", "core.statement"),
            Place(_("Payouts"), "send_money", "fulfillment.payout"),
            Place(_("Journals"), "menu_book", "core.journal"),
            Place(_("Accounts"), "account_balance", "core.ledgeraccount"),
            Place(_("Kept balances"), "balance", "core.accountbalance"),
        ),
    ),
    (
        _("House"),
        (
            Place(_("Workers and queues"), "monitor_heart", "core.heartbeat"),
            Place(_("Switches"), "toggle_on", "core.switchstate"),
            Place(_("Audit"), "history_edu", "core.auditentry"),
            Place(_("State changes"), "timeline", "core.statechange"),
            Place(_("Facts to tell"), "outbox", "core.outboxevent"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's side bar for this reader."""
    groups = [{"title": "", "items": _first(request), "separator": False}]
    for title, places in GROUPS:
        items = [
            {"title": place.title, "icon": place.icon, "link": place.link()}
            for place in places
            if place.open_to(request.user)
        ]
        groups.append({"title": title, "items": items, "separator": True})
    return [group for group in groups if group["items"]]


def _first(request: HttpRequest) -> list[dict[str, Any]]:
    home = reverse("admin:index")
    items: list[dict[str, Any]] = [
        {
            "title": _("Today"),
            "icon": "space_dashboard",
            "link": home,
            "active": request.path == home,
        }
    ]
    approvals = Place(_("Approvals"), "how_to_reg", "core.approval")
    if approvals.open_to(request.user):
        waiting = Approval.objects.filter(state=Approval.State.REQUESTED).count()
        items.append(
            {
                "title": approvals.title,
                "icon": approvals.icon,
                "link": approvals.link(),
                "badge": waiting,
            }
        )
    if request.user.has_perm("fulfillment.view_routepolicy"):
        items.append(
            {
                "title": _("Supplier health"),
                "icon": "ecg_heart",
                "link": reverse("admin:fulfillment_supply_health"),
            }
        )
    if isinstance(request.user, User) and may(request.user, "fulfillment.trace"):
        items.append(
            {
                "title": _("Trace"),
                "icon": "conversion_path",
                "link": reverse("admin:fulfillment_trace"),
            }
        )
    return items
