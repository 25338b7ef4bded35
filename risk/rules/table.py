"""Which rules stand at which point, and with which parameters until an operator sets others.

Figures: reliability rule R-LIM (sign-in 5 in 15 minutes; look-up 5 tries in 15 minutes for one
order from one address, 20 an hour for one address). `pardon` = 1: a success gives the count back,
so that only failures add up.
"""

from risk.rules.base import Standing

POINTS = ("register", "login", "order", "lookup", "reveal", "redeem", "invite", "reward")

STANDING: tuple[Standing, ...] = (
    *(Standing(f"{point}.lists", point, "lists", {}) for point in POINTS),
    Standing("register.ip", "register", "velocity", {"fact": "ip", "limit": 20, "seconds": 3600}),
    Standing(
        "login.ip", "login", "velocity", {"fact": "ip", "limit": 60, "seconds": 900, "pardon": 1}
    ),
    Standing(
        "login.contact",
        "login",
        "velocity",
        {"fact": "contact", "limit": 5, "seconds": 900, "pardon": 1},
    ),
    Standing("order.ip", "order", "velocity", {"fact": "ip", "limit": 60, "seconds": 600}),
    Standing("order.person", "order", "velocity", {"fact": "person", "limit": 20, "seconds": 600}),
    Standing(
        "order.budget",
        "order",
        "reservation_budget",
        {"orders_per_person": 5, "orders_per_ip": 30, "units_per_person": 100},
    ),
    Standing(
        "lookup.ip", "lookup", "velocity", {"fact": "ip", "limit": 20, "seconds": 3600, "pardon": 1}
    ),
    Standing(
        "lookup.target",
        "lookup",
        "velocity",
        {"fact": "ip+target", "limit": 5, "seconds": 900, "pardon": 1},
    ),
    Standing("reveal.ip", "reveal", "velocity", {"fact": "ip", "limit": 300, "seconds": 3600}),
    # Only codes that nobody knows are told to risk: these count guesses, not scans.
    Standing("redeem.ip", "redeem", "velocity", {"fact": "ip", "limit": 40, "seconds": 3600}),
    Standing(
        "redeem.clerk", "redeem", "velocity", {"fact": "person", "limit": 10, "seconds": 3600}
    ),
    # Relations: the marks are told by value, see rules/kinship.py.
    *(Standing(f"{point}.kin", point, "one_person", {}) for point in ("invite", "reward")),
    *(Standing(f"{point}.ring", point, "ring", {"steps": 10}) for point in ("invite", "reward")),
    Standing("reward.crowd", "reward", "crowd", {"others": 1}),
    Standing("invite.ip", "invite", "velocity", {"fact": "ip", "limit": 20, "seconds": 3600}),
    Standing("reward.ip", "reward", "velocity", {"fact": "ip", "limit": 60, "seconds": 3600}),
    Standing(
        "reveal.person", "reveal", "velocity", {"fact": "person", "limit": 200, "seconds": 3600}
    ),
)
