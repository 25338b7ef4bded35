"""People who are signed in, made in a process of their own.

`python -m tests.faults.people '[{"email": "a@example.com", "roles": ["operator"]}]'` prints for each
the public id, the key and the cookie of a session.
"""

import json
import sys
from collections.abc import Iterable
from typing import Any


def make(wishes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Staff when there are roles, customers otherwise; `balance_minor` lies on the balance of one."""
    from django.test import Client

    from tests.factories.accounts import make_staff, make_user
    from tests.factories.balance import put

    made = []
    for wish in wishes:
        roles, balance_minor = wish.pop("roles", []), wish.pop("balance_minor", 0)
        user = make_staff(*roles, **wish) if roles else make_user(**wish)
        client = Client()
        client.force_login(user)
        if balance_minor:
            put(user.public_id, balance_minor)
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        made.append({"id": user.public_id, "pk": user.pk, "cookies": cookies})
    return made


def main() -> None:
    import django

    django.setup()
    sys.stdout.write("\n" + json.dumps(make(json.loads(sys.argv[1]))))


if __name__ == "__main__":
    main()
