"""The buyer's page: one small HTML document, no script, phone first, in Chinese and English."""

from html import escape

from simulators import clock
from simulators.localpay.store import Row
from simulators.server import Answer

_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€"}
_CSS = """
:root{color-scheme:light dark;--paper:#f3f5f4;--surface:#fff;--ink:#16201d;--muted:#5f6b67;
--line:#dde3e0;--accent:#0d7a5f;--accent-ink:#fff;--sunk:#eef2f0;--warn:#8a5300;--warn-soft:#fbf0da}
@media(prefers-color-scheme:dark){:root{--paper:#101413;--surface:#191f1d;--ink:#eef3f1;
--muted:#97a39f;--line:#2b3330;--accent:#4cc9a3;--accent-ink:#04231a;--sunk:#222a27;--warn:#e9b04a;
--warn-soft:#332611}}
*{box-sizing:border-box;margin:0}
body{background:var(--paper);color:var(--ink);min-height:100vh;padding:24px 16px;
font:400 .9375rem/1.6 system-ui,"PingFang SC","Noto Sans SC","Microsoft YaHei",sans-serif}
main{max-width:420px;margin:0 auto}
header{display:flex;align-items:center;gap:10px;margin-bottom:24px;color:var(--muted)}
header i{width:30px;height:30px;border-radius:9px;background:var(--accent);color:var(--accent-ink);
display:grid;place-items:center;font:700 15px/1 system-ui}
header b{color:var(--ink)}header small{margin-left:auto;padding:2px 9px;border-radius:99px;
background:var(--warn-soft);color:var(--warn);font-weight:600}
.panel{background:var(--surface);border:1px solid var(--line);border-radius:20px;padding:28px 24px}
.amount{font-size:2.75rem;line-height:1.15;font-weight:700;letter-spacing:-.03em;
font-variant-numeric:tabular-nums;margin:4px 0 20px}
.amount small{font-size:.55em;margin-right:3px;font-weight:600}
dl{display:grid;grid-template-columns:auto 1fr;gap:10px 20px;padding-top:18px;
border-top:1px solid var(--line)}
dt{color:var(--muted)}dd{text-align:right;overflow-wrap:anywhere;
font-variant-numeric:tabular-nums}
.say{padding:14px 16px;border-radius:14px;background:var(--sunk);margin-bottom:20px}
.say b{display:block;font-size:1.0625rem}
.say small,.hint{color:var(--muted);font-size:.8125rem;display:block}
.hint{margin-top:20px;text-align:center}
form{display:grid;gap:10px;margin-top:20px}
button,a.btn{display:block;width:100%;min-height:52px;border:0;border-radius:14px;cursor:pointer;
background:var(--sunk);color:var(--ink);font-family:inherit;font-size:1rem;font-weight:600;line-height:1.3;padding:8px;
text-align:center;text-decoration:none}
button small,a.btn small{display:block;font-weight:400;opacity:.75;font-size:.75rem}
.main{background:var(--accent)!important;color:var(--accent-ink)!important;font-size:1.125rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    # A form's redirect counts as its target, so the merchant's address must be allowed.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
    " form-action 'self' http: https:; base-uri 'none'; frame-ancestors 'none'",
}
_SAYINGS = {
    "PAID": ("已支付", "Paid. 款项已到账 · the money has moved."),
    "CLOSED": ("商户已关闭这笔支付", "Closed by the shop. 没有扣款 · nothing was taken."),
    "EXPIRED": ("支付已超时", "The time to pay is over. 没有扣款 · nothing was taken."),
    "LATE": ("款项在途", "Your money is on its way and will arrive after the time is over."),
}
_LATE_BUTTON = (
    "late", "超时后付款", "Pay late: the money arrives after the deadline", "",
)  # fmt: skip


def money(amount_minor: int, currency: str) -> tuple[str, str]:
    """Symbol and figure, as ("¥", "98.50")."""
    figure = f"{amount_minor // 100:,}.{amount_minor % 100:02d}"
    return _SYMBOLS.get(currency, f"{currency} "), figure


def payment_page(row: Row, *, now: float, back: str, status: int = 200) -> Answer:
    """The page of a payment; `back` is the signed way back to the merchant."""
    symbol, figure = money(row["amount_minor"], row["currency"])
    saying = _saying(row, now)
    parts = [
        f"<p>付给 {escape(row['merchant_id'])} <small>· pay to</small></p>"
        f'<p class="amount"><small>{symbol}</small>{figure}</p>',
        _said(saying),
        f"<dl><dt>商品 Item</dt><dd>{escape(row['subject'])}</dd>"
        f"<dt>单号 Number</dt><dd>{escape(row['number'])}</dd>"
        f"<dt>截止 Until</dt><dd>{_when(row['expires_at'])}</dd></dl>",
        _buttons(row, payable=saying is None, amount=symbol + figure, back=back),
    ]
    return document("".join(parts), status)


def error_page(code: str, message: str, status: int) -> Answer:
    """The link itself is wrong; there is nothing to pay."""
    body = (
        '<p class="say"><b>无法打开这笔支付</b><small>This payment cannot be opened. '
        "请回到商户页面重试 · please go back to the shop and try again.</small></p>"
        f"<dl><dt>原因 Reason</dt><dd>{escape(code)}</dd><dt></dt><dd>{escape(message)}</dd></dl>"
    )
    return document(body, status)


def _saying(row: Row, now: float) -> tuple[str, str] | None:
    if row["status"] == "SUCCESS":
        return _SAYINGS["PAID"]
    if row["late_at"] is not None:
        return _SAYINGS["LATE"]
    if row["status"] == "CLOSED":
        return _SAYINGS["CLOSED"]
    return _SAYINGS["EXPIRED"] if now >= row["expires_at"] else None


def _said(saying: tuple[str, str] | None) -> str:
    if saying is None:
        return ""
    return f'<p class="say"><b>{saying[0]}</b><small>{saying[1]}</small></p>'


def _buttons(row: Row, *, payable: bool, amount: str, back: str) -> str:
    if row["status"] == "SUCCESS" or row["late_at"] is not None:
        label = "返回商户<small>Back to the shop</small>"
        return f'<form><a class="btn main" href="{escape(back)}">{label}</a></form>'
    shown = [("cancel", "取消", "Cancel and go back", ""), _LATE_BUTTON]
    if payable:
        shown.insert(0, ("pay", f"支付 {amount}", f"Pay {amount}", "main"))
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(row[name])}">'
        for name in ("merchant_id", "number", "token")
    )
    buttons = "".join(
        f'<button class="{style}" name="action" value="{action}">{label}<small>{english}</small>'
        "</button>"
        for action, label, english, style in shown
    )
    return f'<form method="post" action="/pay/act">{fields}{buttons}</form>'


def _when(unix: float) -> str:
    return clock.text(unix)[:19].replace("T", " ")


def document(body: str, status: int) -> Answer:
    """A whole page of the gateway around `body`."""
    html = (
        '<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>localpay 收银台</title><style>{_CSS}</style></head><body><main>"
        "<header><i>¥</i><b>localpay 收银台</b><small>模拟 simulator</small></header>"
        f'<section class="panel">{body}</section>'
        '<p class="hint">本机模拟支付，不会产生真实扣款。<br>'
        "A payment simulator: no real money moves.</p>"
        "</main></body></html>"
    )
    return Answer(status, html.encode(), dict(_HEADERS))
