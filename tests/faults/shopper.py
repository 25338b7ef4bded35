"""A buyer with a browser: real HTTP, cookies, hidden fields, and patience while the shop recovers."""

import http.client
import re
import time
import uuid
from dataclasses import dataclass, field
from html import unescape
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.faults.goods import MARK

HIDDEN = re.compile(r'name="([a-z_]+)" value="([^"]*)"')
CODE = re.compile(rf"{MARK}-\d{{8}}-\d{{8}}")
RETURN = re.compile(r"^/pay/[a-z]+/return/(?P<order>[^/]+)/$")
ORDER = re.compile(r"^/orders/(?P<order>ord_[0-9A-Z]+)/")
DELIVERY = re.compile(r'id="unit-(dlv_[0-9A-Z]+)" data-state="([a-z]+)"')
FIELDS = ("csrfmiddlewaretoken", "form_token", "quoted_minor", "key", "fingerprint")
PAUSE_SECONDS = 0.25
CALL_SECONDS = 20.0


class NoAnswer(Exception):
    """The shop did not answer, or only with 5xx, for as long as the buyer had patience."""


class Turned(Exception):
    """The shop answered, and not as a buyer could go on: status and the page's text."""

    def __init__(self, what: str, answer: "Answer") -> None:
        super().__init__(f"{what}: {answer.status} {said(answer.text)}")
        self.answer = answer


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


@dataclass
class Browser:
    """One person's browser. `address` is theirs behind the one proxy we trust; `patience` seconds."""

    url: str
    address: str = "10.1.1.1"
    patience: float = 30.0
    cookies: dict[str, str] = field(default_factory=dict)
    #: Answers of 5xx that were met on the way, as (path, status).
    trouble: list[tuple[str, int]] = field(default_factory=list)

    def get(self, path: str, **headers: str) -> Answer:
        return self._insist("GET", path, None, headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        return self._insist("POST", path, form, headers)

    def upload(
        self, path: str, form: dict[str, str], files: dict[str, tuple[str, bytes]]
    ) -> Answer:
        """A form with files."""
        edge = uuid.uuid4().hex
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in form.items()
        ]
        for name, (file_name, content) in files.items():
            head = (
                f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"'
            )
            parts.append(
                f"{head}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
                + content
                + b"\r\n"
            )
        body = b"".join(parts) + f"--{edge}--\r\n".encode()
        return self._send(
            "POST", path, body, {"Content-Type": f"multipart/form-data; boundary={edge}"}
        )

    def _insist(
        self, method: str, path: str, form: dict[str, str] | None, headers: dict[str, str]
    ) -> Answer:
        """Try again on a broken line or 5xx, as a person does: every step of the road allows it."""
        until = time.monotonic() + self.patience
        while True:
            try:
                answer = self.once(method, path, form, **headers)
                if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return answer
                self.trouble.append((path, answer.status))
                last = f"{answer.status} {answer.text[:300]}"
            except (OSError, http.client.HTTPException) as error:
                last = repr(error)
            if time.monotonic() > until:
                raise NoAnswer(f"{method} {path}: {last}")
            time.sleep(PAUSE_SECONDS)

    def once(
        self, method: str, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> Answer:
        """One request, one answer; raises OSError or HTTPException when the line breaks."""
        body = None if form is None else urlencode(form).encode()
        kind = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._send(method, path, body, {**kind, **named})

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        at = urlsplit(self.url)
        sent = {
            "X-Forwarded-For": self.address, "Accept-Language": "zh-CN", "Origin": self.url,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers,
        }  # fmt: skip
        line = http.client.HTTPConnection(at.hostname or "", at.port, timeout=CALL_SECONDS)
        try:
            line.request(method, path, body, sent)
            reply = line.getresponse()
            text = reply.read().decode(errors="replace")
            self._keep_cookies(reply.headers.get_all("Set-Cookie") or [])
            found = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, found, text)
        finally:
            line.close()

    def _keep_cookies(self, lines: list[str]) -> None:
        for line in lines:
            name, _, value = line.partition(";")[0].partition("=")
            if value.strip('"'):
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)


@dataclass(frozen=True)
class PayLink:
    """Where the shop sent the buyer, and for which order."""

    order: str
    number: str
    url: str


@dataclass
class Shopper:
    """What a buyer does on the way from a product page to the goods."""

    browser: Browser
    contact: str

    def form_of(self, path: str) -> dict[str, str]:
        page = self.browser.get(path)
        if page.status != HTTPStatus.OK:
            raise Turned(path, page)
        return hidden(page.text)

    def buy(self, slug: str, sku: str, *, quantity: int = 1, **inputs: str) -> PayLink:
        """From the product page straight to the gateway. Raises Turned."""
        form = self.form_of(f"/p/{slug}/")
        asked = {f"in_{name}": value for name, value in inputs.items()}
        return self.place({**form, "sku": sku, "quantity": str(quantity), **asked})

    def buy_from_balance(self, slug: str, sku: str, *, minor: int) -> "PayLink | str":
        """So much of it from the balance: the way to pay the rest, or the order when there is none.

        Raises Turned.
        """
        form = {**self.form_of(f"/p/{slug}/"), "sku": sku, "quantity": "1", "balance": str(minor)}
        told = {"contact": self.contact, "consent": "on"}
        answer = self.browser.post("/orders/place/", {**form, **told})
        order = ORDER.match(urlsplit(answer.location).path)
        return order["order"] if order else self.to_pay(answer)

    def put_in_cart(self, slug: str, sku: str, *, quantity: int = 1, **inputs: str) -> None:
        form = self.form_of(f"/p/{slug}/")
        asked = {f"in_{name}": value for name, value in inputs.items()}
        self.browser.post("/cart/add/", {**form, "sku": sku, "quantity": str(quantity), **asked})

    def check_out(self) -> PayLink:
        """Buy what is in the cart. Raises Turned."""
        return self.place(self.form_of("/checkout/"))

    def place(self, form: dict[str, str]) -> PayLink:
        told = {"contact": self.contact, "consent": "on"}
        return self.to_pay(self.browser.post("/orders/place/", {**form, **told}))

    def pay_again(self, order: str) -> PayLink:
        """From the order's pay page to the gateway once more. Raises Turned."""
        form = self.form_of(f"/orders/{order}/pay/")
        return self.to_pay(self.browser.post(f"/orders/{order}/pay/", form))

    def to_pay(self, answer: Answer) -> PayLink:
        link = pay_link(answer.location)
        if answer.status != HTTPStatus.SEE_OTHER or link is None:
            raise Turned("no way to pay", answer)
        return link

    def look(self, order: str) -> Answer:
        return self.browser.get(f"/orders/{order}/")

    def cancel(self, order: str) -> Answer:
        return self.browser.post(f"/orders/{order}/cancel/", self.form_of(f"/orders/{order}/"))

    def codes(self, order: str, *, wanted: int, seconds: float) -> list[str]:
        """Look at the order page until that many codes are on it, or time is up."""
        until = time.monotonic() + seconds
        while True:
            found = codes_on(self.look(order).text)
            if len(found) >= wanted or time.monotonic() > until:
                return found
            time.sleep(PAUSE_SECONDS)

    def reveal_all(self, order: str) -> list[str]:
        """Every code of an order: those on the page, and those behind a button."""
        page = self.look(order)
        found = codes_on(page.text)
        if found:
            return found
        token = hidden(page.text)
        for delivery in re.findall(r'action="/deliveries/(dlv_[0-9A-Z]+)/reveal/"', page.text):
            shown = self.browser.post(f"/deliveries/{delivery}/reveal/", token)
            found += codes_on(shown.text)
        return found


def said(page: str) -> str:
    """What a page tells its reader: the words of its main part, without their marks."""
    main = page.partition("<main")[2].partition("</main>")[0] or page
    return " ".join(re.sub(r"<[^>]*>", " ", unescape(main)).split())[:600]


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of a page that our forms post back."""
    found = {name: unescape(value) for name, value in HIDDEN.findall(text)}
    return {name: found[name] for name in FIELDS if name in found}


def codes_on(text: str) -> list[str]:
    return list(dict.fromkeys(CODE.findall(text)))


def pay_link(location: str) -> PayLink | None:
    """The gateway's link that a redirect leads to."""
    fields = dict(parse_qsl(urlsplit(location).query))
    back = RETURN.match(urlsplit(fields.get("return_url", "")).path)
    if "number" not in fields or back is None:
        return None
    return PayLink(back["order"], fields["number"], location)
