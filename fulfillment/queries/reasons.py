"""In words for staff: why a unit is where it is, and what to do about it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

Words = tuple[Promise, Promise]

#: Reason key → cause and next action. Keys are what the road writes into ``Delivery.reason``,
#: ``ManualCase.why`` and the suppliers' listed refusals.
REASONS: dict[str, Words] = {
    "no_offer": (
        gettext_lazy("No supplier offers this SKU."),
        gettext_lazy("Add an offer, then start the delivery over; or settle it as not delivered."),
    ),
    "supplier_off": (
        gettext_lazy("The only supplier left is switched off."),
        gettext_lazy("Switch it on, or add another offer; it goes on by itself."),
    ),
    "no_funds": (
        gettext_lazy("The money prepaid at the supplier does not cover the highest cost."),
        gettext_lazy("Pay the supplier and book it; it goes on by itself."),
    ),
    "breaker": (
        gettext_lazy(
            "The supplier's last answers were all unusable, so nothing new is bought there."
        ),
        gettext_lazy(
            "Nothing; a purchase is let through by and by. Look at its events, or switch it off."
        ),
    ),
    "busy": (
        gettext_lazy("The supplier has as many calls open as it may have."),
        gettext_lazy("Nothing; it goes on in a moment."),
    ),
    "paced": (
        gettext_lazy(
            "The supplier takes only so many purchases a second; this one waits its turn."
        ),
        gettext_lazy("Nothing; it goes on in a moment."),
    ),
    "margin": (
        gettext_lazy("Every supplier left would cost more than the price paid allows."),
        gettext_lazy(
            "Find a cheaper offer or change the policy's least margin, then start it over; or settle"
            " it as not delivered."
        ),
    ),
    "price_guard": (
        gettext_lazy("Every supplier left costs more than its highest cost."),
        gettext_lazy("Raise the highest cost or add another offer, then start it over."),
    ),
    "currency": (
        gettext_lazy("The suppliers left sell in another currency than was paid in."),
        gettext_lazy("Add an offer in that currency, then start it over."),
    ),
    "out_of_reach": (
        gettext_lazy("The supplier could not be connected to; nothing was bought."),
        gettext_lazy("Check address and network with the connection test."),
    ),
    "no_credentials": (
        gettext_lazy("The supplier's address or key is missing."),
        gettext_lazy("Complete the supplier; it goes on by itself."),
    ),
    "sealed_credentials": (
        gettext_lazy("The supplier's keys cannot be opened."),
        gettext_lazy("Enter the key anew."),
    ),
    "unknown_too_long": (
        gettext_lazy("The supplier has given no final answer for a day."),
        gettext_lazy("Ask the supplier for its reference, then settle it with a second person."),
    ),
    "reversed": (
        gettext_lazy("The supplier withdrew a delivery that it had confirmed."),
        gettext_lazy("Ask the supplier; settle it as delivered again, or take the unit back."),
    ),
    "contradiction": (
        gettext_lazy("The supplier said two opposite things that were both signed."),
        gettext_lazy(
            "Ask the supplier which is true; the loss is booked until the case is closed."
        ),
    ),
    "overcharged": (
        gettext_lazy("The supplier charged more than the agreed highest cost."),
        gettext_lazy("Claim the difference; the goods are delivered."),
    ),
    "sold_code": (
        gettext_lazy("The supplier handed out a code that is in the vault already."),
        gettext_lazy("Claim another code from the supplier; settle the unit with a second person."),
    ),
    "manual": (
        gettext_lazy("This kind of goods is handled by staff."),
        gettext_lazy("Do it, then settle it as delivered with a second person."),
    ),
    "never_arrived": (
        gettext_lazy("The supplier never got the order."),
        gettext_lazy("Check the connection, then start the delivery over."),
    ),
    "by_two_persons": (
        gettext_lazy("Two persons settled it as not delivered."),
        gettext_lazy("Nothing; the floors above give the money back."),
    ),
    "canceled": (
        gettext_lazy("It was canceled before anything was bought."),
        gettext_lazy("Nothing; the floors above give the money back."),
    ),
    "out_of_stock": (
        gettext_lazy("The supplier has no stock."),
        gettext_lazy("Add another offer, or start it over when the stock is back."),
    ),
    "bad_account": (
        gettext_lazy("The supplier does not accept the buyer's account."),
        gettext_lazy("Ask the buyer; the money goes back by itself."),
    ),
    "insufficient_balance": (
        gettext_lazy("Our balance at the supplier is used up there, whatever our books say."),
        gettext_lazy("Compare the balance with the connection test and pay the supplier."),
    ),
    "price_above_limit": (
        gettext_lazy("The supplier's price is above the offer's highest cost."),
        gettext_lazy("Raise the highest cost, or add another offer."),
    ),
}

STATES: dict[str, Words] = {
    "pending": (
        gettext_lazy("It waits for its next step."),
        gettext_lazy("Nothing; the sweeper takes it up."),
    ),
    "dispatched": (
        gettext_lazy("The supplier works on it."),
        gettext_lazy("Nothing; it is asked after by its number."),
    ),
    "unknown": (
        gettext_lazy("It is not known whether the supplier bought it."),
        gettext_lazy("Nothing; it is asked after by its number and never bought again."),
    ),
    "manual": (gettext_lazy("It is with a person."), gettext_lazy("Settle its case.")),
    "failed": (
        gettext_lazy("The supplier refused it definitely."),
        gettext_lazy("Start it over if the cause is gone and the money was not returned yet."),
    ),
}
FINE: Words = (gettext_lazy("Nothing is wrong."), gettext_lazy("Nothing."))


def explain(state: str, reason: str) -> tuple[str, str]:
    """Cause and next action of a unit that is not delivered, in the active language."""
    words = REASONS.get(reason) or STATES.get(state) or FINE
    shown = f" ({reason})" if reason and reason not in REASONS else ""
    return f"{words[0]}{shown}", str(words[1])
