"""Pages from the cart to the order, and the address where payment providers call us."""

from django.urls import path, register_converter
from django.urls.converters import get_converters

from core.ids import PublicIdConverter
from orders.views import (
    balance,
    cart,
    checkout,
    coupons,
    exchange,
    flash,
    group_buys,
    invites,
    lookup,
    lottery,
    mine,
    order,
    packets,
    pay,
    plans,
    points,
    promotion_lines,
    subscriptions,
    tasks,
)

if "pid" not in get_converters():
    register_converter(PublicIdConverter, "pid")

app_name = "orders"

urlpatterns = [
    path("cart/", cart.cart, name="cart"),
    path("cart/add/", cart.cart_add, name="cart_add"),
    path("cart/update/", cart.cart_update, name="cart_update"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/", mine.mine, name="mine"),
    path("coupons/", coupons.coupons, name="coupons"),
    path("coupons/keep/", coupons.keep, name="keep_coupon"),
    path("coupons/strip/", coupons.coupon_strip, name="coupon_strip"),
    path("coupon/<slug:name>/", coupons.claim, name="claim"),
    path("orders/to-attach/", mine.to_attach, name="to_attach"),
    path("invite/", invites.invite, name="invite"),
    path("invite/<pid:invite_id>/", invites.invited, name="invited"),
    path("packet/", packets.packets, name="packets"),
    path("packet/<pid:packet_id>/", packets.packet, name="packet"),
    path("balance/", balance.balance, name="balance"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<pid:task_id>/", tasks.collect, name="collect_task"),
    path("points/", points.points, name="points"),
    path("points/mall/", points.mall, name="points_mall"),
    path("points/mall/<pid:good_id>/", points.exchange, name="points_exchange"),
    path("orders/place/", checkout.place, name="place"),
    path("orders/<pid:order_id>/", order.order, name="order"),
    path("orders/<pid:order_id>/status/", order.status, name="status"),
    path("orders/<pid:order_id>/pay/", pay.pay, name="pay"),
    path("orders/<pid:order_id>/cancel/", order.cancel, name="cancel"),
    path("orders/<pid:order_id>/refund/", order.refund, name="refund"),
    path("orders/<pid:order_id>/packet/", packets.of_order, name="order_packet"),
    path("orders/<pid:order_id>/attach/", order.attach, name="attach"),
    path("offers/<slug:slug>/", promotion_lines.offers, name="offers"),
    path("lookup/", lookup.lookup, name="lookup"),
    path("exchange/", exchange.exchange, name="exchange"),
    path("exchange/<pid:exchange_id>/", exchange.done, name="exchange_done"),
    path("lottery/", lottery.lotteries, name="lotteries"),
    path("lottery/<slug:slug>/", lottery.lottery, name="lottery"),
    path("lottery/<slug:slug>/draw/", lottery.draw, name="lottery_draw"),
    path("lottery/<slug:slug>/code/", lottery.code, name="lottery_code"),
    path("lottery/<slug:slug>/proof/", lottery.proof_page, name="lottery_proof"),
    path("lottery/<slug:slug>/proof.json", lottery.proof_file, name="lottery_proof_file"),
    path("plans/", plans.plans, name="plans"),
    path("plans/<slug:slug>/", plans.plan, name="plan"),
    path("plans/<slug:slug>/start/", plans.start, name="plan_start"),
    path("subscriptions/", subscriptions.mine, name="subscriptions"),
    path("subscriptions/<pid:subscription_id>/", subscriptions.subscription, name="subscription"),
    *(
        path(f"subscriptions/<pid:subscription_id>/{name}/", view, name=f"subscription_{name}")
        for name, view in {
            "cancel": subscriptions.cancel,
            "keep": subscriptions.keep,
            "pause": subscriptions.pause,
            "resume": subscriptions.resume,
            "return": subscriptions.signed,
        }.items()
    ),
    path("pay/<slug:provider>/mandate/", subscriptions.mandate_notice, name="mandate_notice"),
    path("flash/", flash.flash_sales, name="flash"),
    path("flash-rail/", flash.rail, name="flash_rail"),
    path("flash/<slug:slug>/", flash.sale_page, name="flash_sale"),
    path("flash/<slug:slug>/order/", flash.order, name="flash_order"),
    path("groups/", group_buys.running, name="group_buys"),
    path("groups/<slug:slug>/", group_buys.campaign, name="group_buy"),
    path("groups/<slug:slug>/open/", group_buys.open_one, name="group_open"),
    path("group/<pid:group_id>/", group_buys.group, name="group"),
    path("group/<pid:group_id>/join/", group_buys.join, name="group_join"),
    path("pay/<slug:provider>/notice/", pay.notice, name="notice"),
    path("pay/<slug:provider>/return/<pid:order_id>/", pay.pay_return, name="return"),
]
