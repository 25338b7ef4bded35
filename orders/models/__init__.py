from orders.models.bundle import OrderBundle
from orders.models.cart import Cart, CartLine
from orders.models.notice import Notice
from orders.models.order import Order, OrderLine
from orders.models.payment import Payment
from orders.models.promotion import Promotion, PromotionUse
from orders.models.refund import Refund, RefundLine
from orders.models.wait import OrderWait

__all__ = [
    "Cart",
    "CartLine",
    "Notice",
    "Order",
    "OrderBundle",
    "OrderLine",
    "OrderWait",
    "Payment",
    "Promotion",
    "PromotionUse",
    "Refund",
    "RefundLine",
]
