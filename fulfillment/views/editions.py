"""Certificates of numbered editions, for everybody: a page, a file, and the keys that sign."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from fulfillment.addresses import site
from fulfillment.models import Certificate
from fulfillment.queries.editions import (
    certificate,
    certificate_view,
    claim_of,
    published_keys,
    record_file,
)
from fulfillment.views.keeping import holding
from fulfillment.views.wallet import language_of


def _row(certificate_id: str) -> Certificate:
    row = certificate(certificate_id)
    if row is None:
        raise Http404
    return row


@never_cache
@require_GET
def certificate_page(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """Edition, number and chain; whoever holds it also gets what proves it."""
    row = _row(certificate_id)
    seen = certificate_view(row, language=language_of())
    mine = not seen.retired and holding(request, row.entitlement) is not None
    context = {
        "c": seen,
        "claim": claim_of(row) if mine else None,
        "entitlement": row.entitlement.public_id if mine else "",
        "address": site(seen.url),
    }
    return render(request, "fulfillment/certificate.html", context)


@never_cache
@require_GET
def certificate_file(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """The same as a file, for docs/clients/verify_edition.py or any program like it."""
    response = JsonResponse(record_file(_row(certificate_id)), json_dumps_params={"indent": 1})
    response["Content-Disposition"] = f'attachment; filename="{certificate_id}.json"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """The public halves of every key that ever signed."""
    return render(request, "fulfillment/keys.html", {"keys": published_keys()})


@require_GET
def keys_file(request: HttpRequest) -> HttpResponse:
    """The same as a file."""
    return JsonResponse({"keys": {key["key"]: key["public"] for key in published_keys()}})
