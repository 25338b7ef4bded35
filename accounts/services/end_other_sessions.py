from typing import Any

from allauth.usersessions.models import UserSession


def end_other_sessions(*, user: Any, keep: str) -> int:
    """End every session of a person but the one with key `keep`. Returns how many ended."""
    others = list(UserSession.objects.filter(user=user).exclude(session_key=keep))
    for session in others:
        session.end()
    return len(others)
