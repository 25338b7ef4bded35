from hypothesis import given
from hypothesis import strategies as st

from catalog.search.correct import nearest
from catalog.search.document import GRAM, INITIALS, MAX_TOKENS, PINYIN, WORD, Named, tokens_of
from catalog.search.query import understand
from catalog.search.text import MAX_TOKEN, grams, normalise, pinyin_starts, runs, spoken


def test_normalise() -> None:
    assert normalise("  ＩＱＩＹＩ　黄金—VIP！ ") == "iqiyi 黄金 vip"
    assert normalise("Café STRASSE ß") == "cafe strasse ss"
    assert normalise("%_'\"\\;--") == ""


def test_runs_and_grams() -> None:
    assert runs(normalise("芒果TV会员100元")) == ["芒果", "tv", "会员", "100", "元"]
    assert grams("爱奇艺") == ["爱奇", "奇艺"]
    assert grams("茶") == ["茶"]


def test_pinyin_of_a_mixed_name() -> None:
    assert spoken("芒果tv会员") == ("mang", "guo", "tv", "hui", "yuan")
    starts = dict(pinyin_starts("黄金会员"))
    assert starts["huangjinhuiyuan"] == "hjhy"
    assert starts["huiyuan"] == "hy"
    assert dict(pinyin_starts("steam wallet")) == {}


def test_a_product_is_found_by_every_kind_of_word() -> None:
    found = tokens_of(
        [Named("爱奇艺黄金VIP会员", 10), Named("iQIYI Gold VIP", 10), Named("影视会员", 3)]
    )
    assert found[(GRAM, "黄金")] == 10
    assert found[(GRAM, "影视")] == 3
    assert found[(GRAM, "会员")] == 10
    assert found[(WORD, "iqiyi")] == 10
    assert (PINYIN, "huangjinviphuiyuan") in found
    assert (INITIALS, "aqyhjvhy") in found


names = st.text(alphabet="爱奇艺黄金会员京东卡VIPiqy 019-·％", max_size=60)


@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert len(normalise(text)) <= 64


@given(st.lists(st.builds(Named, st.text(max_size=120), st.integers(1, 10)), max_size=6))
def test_tokens_are_bounded_and_safe_in_a_pattern(texts: list[Named]) -> None:
    found = tokens_of(texts)
    assert len(found) <= MAX_TOKENS
    for _kind, token in found:
        assert 0 < len(token) <= MAX_TOKEN
        assert not set(token) & set("%_\\ ")


@given(names)
def test_a_name_finds_itself(name: str) -> None:
    found = tokens_of([Named(name, 10)])
    for term in understand(name):
        assert any(
            all(
                any(
                    kind == way.kind and (token.startswith(t) if way.prefix else token == t)
                    for kind, token in found
                )
                for t in way.tokens
            )
            for way in term.ways
        )


@given(st.text(max_size=300))
def test_any_query_is_understood_within_bounds(query: str) -> None:
    terms = understand(query)
    assert len(terms) <= 6
    assert sum(len(way.tokens) for term in terms for way in term.ways) <= 6 * 27


def test_nearest_word() -> None:
    words = ["iqiyi", "steam", "starbucks", "jingdong", "wangyiyunyinyue"]
    assert nearest("iqyi", words) == "iqiyi"
    assert nearest("staem", words) == "steam"
    assert nearest("starbuks", words) == "starbucks"
    assert nearest("jindong", words) == "jingdong"
    assert nearest("wangyiyunyinle", words) == "wangyiyunyinyue"
    assert nearest("xq", words) is None
    assert nearest("zzzzzz", words) is None
