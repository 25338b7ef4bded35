"""A person's tasks: what there is to do, what it earns, and collecting it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from core import clock
from orders.models import Task
from orders.models.task import Repeat
from orders.queries.task_actions import ACTIONS
from orders.queries.tasks import Standing, live_tasks, standings
from orders.services.rewards.collect_task import (
    NotDone,
    TaskOver,
    TaskRefused,
    collect_task,
    task_terms,
)
from orders.views.line import english
from orders.views.order import SeeOther
from orders.views.reward_words import terms_words
from risk.requests import client_ip


@never_cache
@login_required
@require_GET
def tasks(request: HttpRequest) -> HttpResponse:
    """Tasks in force, and how far the signed-in person is."""
    user: User = request.user  # type: ignore[assignment]
    now = clock.now()
    found = standings(live_tasks(now), user, now)
    return render(request, "orders/tasks.html", {"tasks": [_shown(one) for one in found]})


@never_cache
@login_required
@require_POST
def collect(request: HttpRequest, task_id: str) -> HttpResponse:
    """Collect the reward of one of them."""
    user: User = request.user  # type: ignore[assignment]
    try:
        collect_task(task=task_id, user=user, ip=client_ip(request), now=clock.now())
    except Task.DoesNotExist:
        raise Http404 from None
    except NotDone:
        messages.warning(request, _("This is not done yet."))
    except TaskOver:
        messages.warning(request, _("This task has ended or has given all it had."))
    except TaskRefused as refused:
        messages.error(request, refused.assessment.message)
    else:
        messages.success(request, _("Collected."))
    return SeeOther(reverse("orders:tasks"))


def _shown(one: Standing) -> dict[str, Any]:
    task = one.task
    action = ACTIONS.get(task.action)
    return {
        "id": task.public_id,
        "name": (english() and task.name_en) or task.name,
        "action": action.title,
        "reward": terms_words(task_terms(task)),
        "daily": task.repeat == Repeat.DAILY,
        "done": one.claim is not None,
        "ready": one.ready,
        "due_at": one.due_at if one.proof and not one.ready else None,
        "url": reverse(action.where),
        "ends_at": task.ends_at,
    }
