"""Pages and fragments of this floor, and the address where suppliers call us."""

from django.urls import path, register_converter
from django.urls.converters import get_converters

from core.ids import PublicIdConverter
from fulfillment.api import till
from fulfillment.views import (
    editions,
    giving,
    goods,
    merchant,
    opening,
    redeem,
    till_app,
    wallet,
)

if "pid" not in get_converters():
    register_converter(PublicIdConverter, "pid")

app_name = "fulfillment"

urlpatterns = [
    path("deliveries/<pid:reference>/", goods.deliveries, name="deliveries"),
    path("deliveries/<pid:delivery_id>/reveal/", goods.reveal, name="reveal"),
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/reminders/", wallet.reminders, name="reminders"),
    path("wallet/<pid:entitlement_id>/", wallet.entitlement, name="entitlement"),
    path("wallet/<pid:entitlement_id>/keep/", wallet.keep, name="keep"),
    path("wallet/<pid:entitlement_id>/activate/", opening.activate_it, name="activate"),
    path("wallet/<pid:entitlement_id>/link/", opening.send_link, name="send_link"),
    path("wallet/<pid:entitlement_id>/give/", giving.give_away, name="give"),
    path("wallet/given/<pid:gift_id>/", giving.given, name="given"),
    path("wallet/given/<pid:gift_id>/renew/", giving.renew, name="renew_gift"),
    path("wallet/given/<pid:gift_id>/take-back/", giving.take_back, name="take_back"),
    path("gifts/<pid:gift_id>/", giving.gift, name="gift"),
    path("gifts/<pid:gift_id>/claim/", giving.claim, name="claim"),
    path("codes/<pid:link_id>/", opening.code_link, name="code_link"),
    path("codes/<pid:link_id>/open/", opening.open_link, name="open_link"),
    path("editions/keys/", editions.keys, name="edition_keys"),
    path("editions/keys.json", editions.keys_file, name="edition_keys_file"),
    path("editions/<pid:certificate_id>/", editions.certificate_page, name="certificate"),
    path(
        "editions/<pid:certificate_id>/record.json",
        editions.certificate_file,
        name="certificate_file",
    ),
    path("redeem/", redeem.till, name="redeem"),
    path("redeem/desk/", redeem.till, name="redeem_desk"),
    path("redeem/store/", redeem.stores, name="redeem_stores"),
    path("redeem/today/", redeem.today, name="redeem_today"),
    path("redeem/account/", merchant.account, name="redeem_account"),
    path("redeem/undo/<pid:redemption>/", redeem.undo, name="redeem_undo"),
    path("redeem/frame/", till_app.frame, name="redeem_frame"),
    path("redeem/offline/", till_app.offline, name="redeem_offline"),
    path("redeem/till.webmanifest", till_app.manifest, name="redeem_manifest"),
    path("redeem/worker.js", till_app.worker, name="redeem_worker"),
    path("api/till/v1/", till.api.urls),
    path("suppliers/<slug:code>/callback/", goods.supplier_callback, name="supplier_callback"),
]
