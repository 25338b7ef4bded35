"""What the pages of purchasing show, ready to be drawn."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from core.admin.who import who
from core.money import format_minor
from fulfillment.admin.purchase_words import MODELS, reasons
from fulfillment.admin.timeline import changes
from fulfillment.models import CodeBatch, Purchase
from fulfillment.purchasing.chart import PAST_DAYS, draw
from fulfillment.purchasing.series import Series
from fulfillment.queries.demand import histories
from fulfillment.queries.restocking import Restock, received, restocks, without_forecast
from fulfillment.queries.stock_money import StockRow, stock_money

WEEK = 7
ROWS_WITH_CHART = 200


def restock_context(*, now: datetime) -> dict[str, Any]:
    """Rows of the proposals page: what is to be bought first, the others below."""
    found = restocks(now=now)
    newest = max((row.forecast.as_of for row in found), default=timezone.localdate(now))
    past = histories([row.sku.pk for row in found], until=newest)
    rows = [_restock_row(row, past) for row in found[:ROWS_WITH_CHART]]
    cash: dict[str, int] = {}
    for row in found:
        if row.proposal.source and row.proposal.units:
            currency = row.proposal.source.currency
            cash[currency] = cash.get(currency, 0) + row.proposal.cash_minor
    return {
        "rows": rows,
        "due": sum(1 for row in found if row.proposal.units),
        "cash": [format_minor(minor, currency) for currency, minor in sorted(cash.items())],
        "without_forecast": without_forecast(),
        "as_of": newest if found else None,
    }


def _restock_row(row: Restock, past: dict[int, Any]) -> dict[str, Any]:
    proposal, source = row.proposal, row.proposal.source
    forecast = row.forecast
    series = past.get(row.sku.pk, Series("", row.outlook.first, ()))
    counted = series.until((row.outlook.first - series.start).days)
    return {
        "sku": row.sku,
        "free": row.shelf.free,
        "on_order": row.shelf.on_order,
        "lost": proposal.lost,
        "a_day": round(row.outlook.expected(WEEK) / WEEK, 1),
        "runs_out": proposal.runs_out,
        "may_run_out": proposal.may_run_out,
        "buy_by": proposal.buy_by,
        "units": proposal.units,
        "source": source,
        "cost": format_minor(source.cost_minor, source.currency) if source else "",
        "cash": format_minor(proposal.cash_minor, source.currency) if source else "",
        "reasons": reasons(proposal.reasons),
        "model": MODELS.get(row.outlook.used, row.outlook.used),
        "mase": [
            None if value is None else f"{value:.2f}"
            for value in (forecast.mase_model, forecast.mase_naive)
        ],
        "chart": draw(counted.units[-PAST_DAYS:], row.outlook),
    }


def purchase_context(purchase: Purchase) -> dict[str, Any]:
    """One purchase: its lines with what came, its files, its sums and history."""
    lines = list(purchase.lines.select_related("sku__product"))
    came = received([line.pk for line in lines])
    batches = CodeBatch.objects.filter(purchase_line__in=lines).order_by("-id")
    ordered = sum(line.total_minor for line in lines)
    got = sum(came.get(line.pk, 0) * line.cost_minor for line in lines)
    return {
        "purchase": purchase,
        "made_by": who(purchase.created_by),
        "lines": [
            {
                "line": line,
                "cost": format_minor(line.cost_minor, purchase.currency),
                "total": format_minor(line.total_minor, purchase.currency),
                "came": came.get(line.pk, 0),
                "differs": came.get(line.pk, 0) - line.units,
                "reasons": reasons(line.reasons),
            }
            for line in lines
        ],
        "batches": batches[:100],
        "ordered": format_minor(ordered, purchase.currency),
        "received": format_minor(got, purchase.currency),
        "history": changes(purchase.public_id),
    }


def stock_context(*, now: datetime) -> dict[str, Any]:
    """Money in the vault by SKU, and in all by currency."""
    found = stock_money(now=now)
    sums: dict[str, dict[str, int]] = {}
    for row in found:
        whole = sums.setdefault(row.currency, {"money": 0, "old": 0, "soon": 0})
        whole["money"] += row.money_minor
        whole["old"] += row.old_minor
        whole["soon"] += row.soon_minor
    return {
        "rows": [_stock_row(row) for row in found],
        "sums": [
            {name: format_minor(minor, currency) for name, minor in whole.items()}
            for currency, whole in sorted(sums.items())
        ],
    }


def _stock_row(row: StockRow) -> dict[str, Any]:
    parts = [("young", row.young_minor), ("middle", row.middle_minor), ("old", row.old_minor)]
    whole = max(1, row.money_minor)
    left = 0.0
    bars = []
    for name, minor in parts:
        width = round(minor * 100 / whole, 2)
        bars.append({"name": name, "left": left, "width": width})
        left = round(left + width, 2)
    return {
        "row": row,
        "money": format_minor(row.money_minor, row.currency),
        "soon": format_minor(row.soon_minor, row.currency) if row.soon_units else "",
        "a_day": round(row.a_day, 1),
        "bars": bars,
    }
