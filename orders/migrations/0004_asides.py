from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_statements")]

    operations = [
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(outcome="settled"),
                fields=["received_at"],
                name="orders_notice_settled",
            ),
        ),
    ]
