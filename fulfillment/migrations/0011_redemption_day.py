from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0010_sync")]

    operations = [
        migrations.AddIndex(
            model_name="redemption",
            index=models.Index(fields=["store", "at"], name="fulfillment_redemption_day"),
        ),
    ]
