"""Providers' bills move into core's statements, which keep every other party's files too."""

import hashlib
import zlib

from django.db import migrations


def move_bills(apps, schema_editor):
    """Each bill becomes a statement; of several files of one day the newest counts."""
    bill_model = apps.get_model("orders", "Bill")
    line_model = apps.get_model("orders", "BillLine")
    statement_model = apps.get_model("core", "Statement")
    statement_line_model = apps.get_model("core", "StatementLine")
    for bill in bill_model.objects.order_by("id").iterator(chunk_size=10):
        party = f"gateway:{bill.provider}"
        body = bytes(bill.body)
        statement_model.objects.filter(party=party, day=bill.day).update(current=False)
        digest = hashlib.sha256(f"{party}{bill.day}{bill.sha256}".encode()).hexdigest()
        statement = statement_model.objects.create(
            public_id=f"stm_{digest[:16].upper()}",
            party=party,
            day=bill.day,
            sha256=bill.sha256,
            body=zlib.compress(body),
            source="fetched",
            by="system",
            received_at=bill.fetched_at,
            line_count=line_model.objects.filter(bill=bill).count(),
            current=True,
        )
        statement_line_model.objects.bulk_create(
            [
                statement_line_model(
                    statement=statement,
                    position=place,
                    kind=line.kind,
                    number=line.number,
                    their_no=line.provider_txn,
                    amount_minor=line.amount_minor,
                    fee_minor=line.fee_minor,
                    currency=line.currency,
                    at=line.at,
                )
                for place, line in enumerate(
                    line_model.objects.filter(bill=bill).order_by("position"), start=1
                )
            ],
            batch_size=1000,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_reconciliation"),
        ("orders", "0002_bundles"),
    ]

    operations = [
        migrations.RunPython(move_bills, migrations.RunPython.noop),
        migrations.DeleteModel(name="BillLine"),
        migrations.DeleteModel(name="Bill"),
    ]
