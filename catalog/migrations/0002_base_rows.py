from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from catalog import base_rows


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    base_rows.write(lambda name: apps.get_model("catalog", name))


class Migration(migrations.Migration):
    """The default channel, its price list, the product types and tags every shop starts with."""

    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
