from django.template import Context, Template
from django.test import override_settings
from django.utils import translation

PAGE = "{% load kept i18n %}{% kept who %}{{ who }}|{{ other }}|{% csrf_token %}{% endkept %}"


def _render(page: Template, **values: object) -> str:
    return page.render(Context(values))


@override_settings(DEBUG=False)
def test_varies_only_on_what_is_named() -> None:
    page = Template(PAGE)
    assert _render(page, who="a", other="1", csrf_token="x").startswith("a|1|")
    assert _render(page, who="a", other="2", csrf_token="x").startswith("a|1|")
    assert _render(page, who="b", other="2", csrf_token="x").startswith("b|2|")


@override_settings(DEBUG=False)
def test_each_reader_gets_their_own_token() -> None:
    page = Template(PAGE)
    assert 'value="first"' in _render(page, who="a", csrf_token="first")
    second = _render(page, who="a", csrf_token="second")
    assert 'value="second"' in second
    assert "first" not in second


@override_settings(DEBUG=False)
def test_languages_are_kept_apart() -> None:
    page = Template(
        "{% load kept i18n %}{% kept %}{% get_current_language as here %}{{ here }}{% endkept %}"
    )
    with translation.override("en"):
        assert _render(page) == "en"
    with translation.override("zh-hans"):
        assert _render(page) == "zh-hans"


@override_settings(DEBUG=False)
def test_long_and_many_values_are_not_hoarded() -> None:
    page = Template(PAGE)
    (node,) = [each for each in page.nodelist if hasattr(each, "kept")]
    _render(page, who="x" * 100, other="1")
    assert node.kept == {}
    for number in range(400):
        _render(page, who=str(number))
    assert len(node.kept) == 256


@override_settings(DEBUG=False)
def test_text_is_still_escaped() -> None:
    assert "<b>" not in _render(Template(PAGE), who="<b>", other="<b>")
