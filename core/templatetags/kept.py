"""`{% kept vary … %}…{% endkept %}`: a fragment rendered once per process for each set of values.

For the frame of a page, which is the same for everybody but for a word or two. Within it only the
named values and `csrf_token` may differ between readers: the token is written in at each use.
"""

import secrets
from typing import Any

from django import template
from django.conf import settings
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.urls import get_script_prefix
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()

MOST_KEPT = 256
LONGEST_VALUE = 40
# Made at start, so that no text of a page can pass for it.
CSRF_MARK = "kept" + secrets.token_hex(12)


class KeptNode(template.Node):
    """Its renderings, by language and the values it varies on."""

    def __init__(self, vary: list[FilterExpression], nodelist: NodeList) -> None:
        self.vary, self.nodelist = vary, nodelist
        self.kept: dict[tuple[str, ...], str] = {}

    def render(self, context: Context) -> SafeString:
        values = [str(each.resolve(context, ignore_failures=True)) for each in self.vary]
        # Addresses carry the prefix of the channel that the request came by.
        key = (get_language() or "", get_script_prefix(), *values)
        text = self.kept.get(key)
        if text is None:
            text = self._fresh(context)
            if self._may_keep(key):
                self.kept[key] = text
        if CSRF_MARK in text:
            text = text.replace(CSRF_MARK, str(context.get("csrf_token", "")))
        return mark_safe(text)  # noqa: S308  rendered by Django from our own templates

    def _fresh(self, context: Context) -> str:
        with context.push(csrf_token=CSRF_MARK):
            return str(self.nodelist.render(context))

    def _may_keep(self, key: tuple[str, ...]) -> bool:
        short = all(len(value) <= LONGEST_VALUE for value in key)
        return short and len(self.kept) < MOST_KEPT and not settings.DEBUG


@register.tag
def kept(parser: Parser, token: Token) -> KeptNode:
    _, *names = token.split_contents()
    vary: list[Any] = [parser.compile_filter(name) for name in names]
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(vary, nodelist)
