"""Every desk of the back office, in every state: what it shows, what can be typed, and what it offers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin, InlineModelAdmin
from django.contrib.admin.templatetags.admin_modify import submit_row
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.template import RequestContext
from django.test import Client, RequestFactory
from django.urls import reverse

from catalog.admin.base import MinorField
from core import clock
from core.admin.readable import MINOR, PEOPLE, SAVES, Shown, is_raw
from core.crypto import ensure_data_key
from fulfillment.models import SupplierSync
from orders.models import PointsLot, Promotion
from tests.factories.accounts import make_staff, make_user, sign_in
from tests.factories.coupons import coupon_promotion, make_coupon
from tests.factories.flash import draft_flash, make_flash
from tests.factories.fulfillment import make_supplier
from tests.factories.orders import stocked

pytestmark = pytest.mark.django_db


def asked_by(*roles: str) -> HttpRequest:
    request = RequestFactory().get("/admin/")
    request.user = make_staff(*roles)
    return request


def rows_of(model: type[models.Model]) -> Iterator[models.Model]:
    """A row in each of its states."""
    try:
        states = [value for value, _label in model._meta.get_field("state").flatchoices]  # type: ignore[union-attr]
    except FieldDoesNotExist:
        states = []
    yield from (model(state=state) for state in states)
    if not states:
        yield model()


def only_shown(desk: "BaseModelAdmin[Any]", request: HttpRequest, row: models.Model) -> list[Any]:
    """What stands on the record and cannot be typed into."""
    names = flatten_fieldsets(desk.get_fieldsets(request, row))
    if desk.has_change_permission(request, row):
        fixed = desk.get_readonly_fields(request, row)
        assert {name for name in names if isinstance(name, Shown)} <= set(fixed), desk
        return [name for name in names if name in fixed]
    if isinstance(desk, InlineModelAdmin) and desk.has_add_permission(request, row):
        return []
    return names


def raw_ones(request: HttpRequest) -> tuple[set[str], int]:
    found, shown = set(), 0
    for model, desk in admin.site._registry.items():
        lists = [name for name in desk.get_list_display(request) if is_raw(model, name)]
        found |= {f"list of {model.__name__}: {name}" for name in lists}
        inlines = [inline(model, admin.site) for inline in desk.inlines]
        for row in rows_of(model):
            for each in (desk, *inlines):
                names = only_shown(each, request, row)
                found |= {
                    f"{type(each).__name__}: {name}" for name in names if is_raw(each.model, name)
                }
                shown += sum(isinstance(name, Shown) for name in names)
    return found, shown


def typed_forms(request: HttpRequest) -> Iterator[tuple[str, dict[str, forms.Field]]]:
    """Every form that staff type into: of a desk, of its inline rows, of an act."""
    for model, desk in admin.site._registry.items():
        inlines = [inline(model, admin.site) for inline in desk.inlines]
        for row in (None, *rows_of(model)):
            for each in inlines:
                if each.has_add_permission(request, row) or each.has_change_permission(
                    request, row
                ):
                    yield type(each).__name__, each.get_formset(request, row).form.base_fields
            if row is None:
                # A desk with a page of its own for what is new has a form of its own there.
                ours = not type(desk).add_view.__module__.startswith(("django.", "unfold."))
                may = not ours and desk.has_add_permission(request)
            else:
                may = desk.has_change_permission(request, row)
            if may:
                form = desk.get_form(request, row, change=row is not None)
                yield type(desk).__name__, form.base_fields
    yield from ((form.__name__, form.base_fields) for form in acts(forms.Form))


def acts(parent: type[forms.Form]) -> Iterator[type[forms.Form]]:
    for form in parent.__subclasses__():
        yield from acts(form)
        if ".admin." in form.__module__:
            yield form


@pytest.mark.parametrize("role", ["owner", "operator", "finance"])
def test_no_amount_is_typed_in_minor_units(role: str) -> None:
    found, typed = set(), 0
    for form, fields in typed_forms(asked_by(role)):
        money = {name: field for name, field in fields.items() if name.endswith(MINOR)}
        found |= {
            f"{form}: {name}" for name, kept in money.items() if not isinstance(kept, MinorField)
        }
        typed += len(money)
    assert found == set()
    assert typed > 1


@pytest.mark.parametrize("role", ["owner", "operator", "auditor"])
def test_money_and_codes_are_shown_in_words(role: str) -> None:
    raw, shown = raw_ones(asked_by(role))
    assert raw == set()
    assert shown > 10


def test_a_column_is_read_by_what_it_keeps_not_by_its_name_alone(client: Client) -> None:
    """A promotion's goods are a list of codes; a supplier's are a number of them."""
    supplier = make_supplier(dialect="rest_hmac", name="速充云")
    SupplierSync.objects.create(supplier=supplier, goods=4711, balance_minor=10_00)
    client.force_login(make_staff("operator"))
    page = client.get(reverse("admin:fulfillment_suppliersync_changelist")).content.decode()
    assert "4711" in page or "4,711" in page
    assert "¥10.00" in page
    assert not is_raw(SupplierSync, "goods")
    assert is_raw(Promotion, "goods")


def boxes(context: dict[str, Any]) -> list[Any]:
    """What of a screen is not only shown."""
    typed = [context["adminform"]] + [
        inline
        for inline in context["inline_admin_formsets"]
        if inline.has_add_permission or inline.has_change_permission
    ]
    return [
        name
        for form in typed
        for name in flatten_fieldsets(form.fieldsets)
        if name not in form.readonly_fields
    ]


def screens(request: HttpRequest) -> Iterator[tuple[str, dict[str, Any]]]:
    """The record of each desk in each of its states, as it is about to be drawn."""
    for model, desk in admin.site._registry.items():
        for row in rows_of(model):
            if not desk.has_view_or_change_permission(request, row):
                continue
            with pytest.MonkeyPatch.context() as patch:
                # A row that was never saved is not found by its key and has not always a title.
                patch.setattr(desk, "get_object", lambda *_args, kept=row: kept)
                patch.setattr(model, "__str__", lambda row: row.__class__.__name__)
                page = desk.changeform_view(request, "1")
            yield f"{type(desk).__name__} {getattr(row, 'state', '')}", page.context_data  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_nobody_is_offered_to_save_what_cannot_be_typed(role: str) -> None:
    request = asked_by(role)
    offered, kept = set(), 0
    for name, context in screens(request):
        row = submit_row(RequestContext(request, context))
        saves = [row[key] for key in SAVES]
        if boxes(context):
            kept += saves[0]
        elif any(saves) or not row["show_close"]:
            offered.add(name)
    assert offered == set()
    assert kept > 5 or role == "auditor"


def test_a_running_sale_can_be_looked_at_and_a_draft_saved(client: Client) -> None:
    ensure_data_key()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    sign_in(client, make_staff("operator"))
    goods = stocked(10, price_minor=9000, cost_minor=5000)
    for sale, saved in (
        (draft_flash(goods, price_minor=6070), True),
        (make_flash(goods, price_minor=6070), False),
    ):
        page = client.get(f"/admin/orders/flashsale/{sale.pk}/change/").content.decode()
        assert ('name="_save"' in page) is saved
        assert ('name="_continue"' in page) is saved
        assert ("View flash sale" in page) is not saved


def test_whose_something_is_stands_masked_and_leads_to_the_person(client: Client) -> None:
    """On every desk that names its owner by a column; who may not open people sees no link."""
    ann = make_user(email="ann.desk@example.com")
    lot = PointsLot.objects.create(
        owner=ann.public_id, points=5, left=5, kind="given", subject="x", created_at=clock.now()
    )
    link = f'href="{reverse("admin:accounts_user_change", args=[ann.pk])}"'
    for role, leads in (("support", True), ("finance", False)):
        sign_in(client, make_staff(role))
        listed = client.get(reverse("admin:orders_pointslot_changelist"))
        record = client.get(reverse("admin:orders_pointslot_change", args=[lot.pk]))
        for page in (listed.content.decode(), record.content.decode()):
            assert "a***@example.com" in page, role
            assert (link in page) is leads
            assert "ann.desk@" not in page
            assert f">{ann.public_id}<" not in page


def test_no_list_leads_to_a_record_and_to_a_person_by_one_word() -> None:
    """The first column is the link to the record; a link cannot stand in a link."""
    request = asked_by("owner")
    for model, desk in admin.site._registry.items():
        shown = desk.get_list_display(request)
        links = desk.get_list_display_links(request, shown) or []
        assert not [one for one in links if isinstance(one, Shown) and one.name in PEOPLE], model


def test_names_in_two_languages_follow_the_reader(client: Client) -> None:
    """In the list of the rows themselves, and where other rows name them."""
    rule = coupon_promotion(name="满减", name_en="Money off")
    make_coupon(rule)
    sign_in(client, make_staff("operator"))
    for address in ("promotion", "coupon"):
        url = reverse(f"admin:orders_{address}_changelist")
        for language, said, other in (
            ("en", "Money off", "满减"),
            ("zh-hans", "满减", "Money off"),
        ):
            page = client.get(url, headers={"accept-language": language}).content.decode()
            assert said in page, (address, language)
            assert other not in page, (address, language)
        Promotion.objects.filter(pk=rule.pk).update(name_en="")
        assert "满减" in client.get(url, headers={"accept-language": "en"}).content.decode()
        Promotion.objects.filter(pk=rule.pk).update(name_en="Money off")


def test_no_list_shows_one_language_of_two() -> None:
    request, found = asked_by("owner"), 0
    for model, desk in admin.site._registry.items():
        shown = desk.get_list_display(request)
        if "name" in shown and "name_en" not in shown:
            assert not hasattr(model, "name_en"), desk
        found += any(isinstance(one, Shown) and one.name == "name" for one in shown)
    assert found > 5
