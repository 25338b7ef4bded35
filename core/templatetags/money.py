from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.money import SYMBOLS, decimal_text, format_minor

register = template.Library()


@register.filter
def money(minor: int | None, currency: str = "CNY") -> str:
    """`{{ line.paid_minor|money:line.currency }}` prints ¥98.50."""
    return "" if minor is None else format_minor(minor, currency)


@register.filter
def price(minor: int | None, currency: str = "CNY") -> SafeString | str:
    """A price with its small currency sign, for the parts that show one."""
    if minor is None:
        return ""
    sign = "-" if minor < 0 else ""
    return format_html(
        "<small>{}{}</small>{}", sign, SYMBOLS[currency], decimal_text(abs(minor), currency)
    )
