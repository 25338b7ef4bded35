from datetime import datetime

from core.tx import step
from risk.models import Assessment


@step()
def record_refusal(*, assessment: Assessment, now: datetime) -> Assessment:
    """Keep the assessment of a request whose transaction was rolled back, in its own step.

    Takes the object `assess` returned. Recording the same one again changes nothing.
    """
    row = Assessment(
        public_id=assessment.public_id,
        point=assessment.point,
        subject=assessment.subject,
        facts=assessment.facts,
        verdict=assessment.verdict,
        reason=assessment.reason,
        rules=assessment.rules,
        at=now,
    )
    Assessment.objects.bulk_create([row], ignore_conflicts=True)
    return row
