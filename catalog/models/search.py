from django.db import models

from catalog.models.product import Product


class SearchToken(models.Model):
    """One way to find a product: a Chinese bigram, a pinyin run, initials, an English word."""

    class Kind(models.TextChoices):
        GRAM = "g"
        PINYIN = "p"
        INITIALS = "i"
        WORD = "w"

    product = models.ForeignKey(Product, models.CASCADE, related_name="tokens")
    kind = models.CharField(max_length=1, choices=Kind)
    token = models.CharField(max_length=48)
    weight = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "kind", "token"], name="catalog_token_once")
        ]
        indexes = [
            # Search by token and by the start of a token, answered from the index alone.
            models.Index(
                fields=["token"],
                include=["product", "kind", "weight"],
                opclasses=["varchar_pattern_ops"],
                name="catalog_token_prefix",
            )
        ]

    def __str__(self) -> str:
        return self.token
