from accounts.models import User


def save_profile(*, user: User, display_name: str, language: str) -> None:
    """Save how a person is called and in which language they read and are written to."""
    user.display_name, user.language = display_name.strip(), language
    user.save(update_fields=["display_name", "language"])
