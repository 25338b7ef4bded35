from orders.models.balance import BalancePayment, PersonBalance
from orders.models.bundle import OrderBundle
from orders.models.cart import Cart, CartLine
from orders.models.coupon import Coupon, CouponUse
from orders.models.coupon_campaign import CouponBatch, CouponCampaign, CouponExport
from orders.models.exchange import Exchange, ExchangeBatch, ExchangeCode
from orders.models.flash import FlashSale, FlashUnit
from orders.models.group_buy import BuyGroup, GroupBuy, GroupSeat
from orders.models.invite import Invite, InviteLink, InviteProgramme, SeenDevice
from orders.models.lottery import (
    Award,
    Chance,
    ChanceRule,
    ChanceSource,
    Draw,
    Lottery,
    Prize,
    PrizeUnit,
)
from orders.models.notice import Notice
from orders.models.order import Order, OrderLine
from orders.models.packet import Packet, PacketShare, PacketTemplate
from orders.models.payment import Payment
from orders.models.plan import Plan, PlanPhase
from orders.models.points import (
    PointsCorrection,
    PointsEarning,
    PointsGood,
    PointsLot,
    PointsPayment,
    PointsPiece,
    PointsRule,
)
from orders.models.promotion import Promotion, PromotionUse
from orders.models.refund import Refund, RefundLine
from orders.models.reward import Reward
from orders.models.subscription import (
    Mandate,
    RenewalNotice,
    Subscription,
    SubscriptionCharge,
    SubscriptionPeriod,
)
from orders.models.task import Task, TaskClaim
from orders.models.wait import OrderWait

__all__ = [
    "Award",
    "BalancePayment",
    "BuyGroup",
    "Cart",
    "CartLine",
    "Chance",
    "ChanceRule",
    "ChanceSource",
    "Coupon",
    "CouponBatch",
    "CouponCampaign",
    "CouponExport",
    "CouponUse",
    "Draw",
    "Exchange",
    "ExchangeBatch",
    "ExchangeCode",
    "FlashSale",
    "FlashUnit",
    "GroupBuy",
    "GroupSeat",
    "Invite",
    "InviteLink",
    "InviteProgramme",
    "Lottery",
    "Mandate",
    "Notice",
    "Order",
    "OrderBundle",
    "OrderLine",
    "OrderWait",
    "Packet",
    "PacketShare",
    "PacketTemplate",
    "Payment",
    "PersonBalance",
    "Plan",
    "PlanPhase",
    "PointsCorrection",
    "PointsEarning",
    "PointsGood",
    "PointsLot",
    "PointsPayment",
    "PointsPiece",
    "PointsRule",
    "Prize",
    "PrizeUnit",
    "Promotion",
    "PromotionUse",
    "Refund",
    "RefundLine",
    "RenewalNotice",
    "Reward",
    "SeenDevice",
    "Subscription",
    "SubscriptionCharge",
    "SubscriptionPeriod",
    "Task",
    "TaskClaim",
]
