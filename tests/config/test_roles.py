"""Tests talk to a real PostgreSQL as the application's role."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_tests_run_as_the_application_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user, current_database()")
        role, database = cursor.fetchone()
    assert role == "quanyi_app"
    assert database.startswith("quanyi_test_")
