from django.db import migrations


class Migration(migrations.Migration):
    """Why a payout ended stands in its history, as with everything that changes its state."""

    dependencies = [("fulfillment", "0011_redemption_day")]

    operations = [migrations.RemoveField(model_name="payout", name="why")]
