"""One page that says what will happen before it happens; also used by the floors above."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from core.approvals import AUTHORITY, NotAllowed
from risk.values import NotAValue


class Nothing(forms.Form):
    """For an act that asks for nothing but a yes."""


def confirm(  # noqa: PLR0913  what the page shows
    request: HttpRequest,
    *,
    title: str,
    text: str,
    button: str,
    back: str,
    run: Callable[[dict[str, Any]], str],
    form: type[forms.Form] = Nothing,
    initial: dict[str, Any] | None = None,
    act: str = "",
) -> HttpResponse:
    """Show `text` and the form; on POST call `run(cleaned_data)`, whose text is the answer.

    Who may not do the act named by `act` does not see the page either.
    """
    if act and not AUTHORITY.get("may")(request.user.public_id, act):  # type: ignore[union-attr]
        raise PermissionDenied
    bound = form(request.POST if request.method == "POST" else None, initial=initial or {})
    if request.method == "POST" and bound.is_valid():
        try:
            messages.success(request, run(bound.cleaned_data))
        except NotAllowed as error:
            raise PermissionDenied from error
        except NotAValue as error:
            bound.add_error(None, str(error.args[0]))
        except ValidationError as error:
            bound.add_error(None, error)
        except IntegrityError:
            bound.add_error(None, _("This has been asked for or done already."))
        else:
            return HttpResponseRedirect(back)
    context = {
        **admin.site.each_context(request),
        "title": title,
        "text": text,
        "button": button,
        "back": back,
        "form": bound,
    }
    return TemplateResponse(request, "admin/risk/confirm.html", context)
