from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0003_routing")]

    operations = [
        migrations.AddField(
            model_name="supplier",
            name="options",
            field=models.JSONField(
                blank=True, db_default={}, default=dict, verbose_name="dialect's options"
            ),
        )
    ]
