from typing import Any

from django.core.management.base import BaseCommand

from core import clock
from demo.balances import hand_out_cards
from demo.codes import fill_vault
from demo.draws import open_draws
from demo.flash import open_flash
from demo.goods import fill_shelves
from demo.groups import open_group_buy
from demo.history import remember
from demo.levels import give_levels
from demo.offers import run_offers
from demo.people import invite
from demo.plans import open_plans
from demo.points import give_points
from demo.rewards import open_rewards
from demo.supply import connect
from demo.tills import open_tills


class Command(BaseCommand):
    help = "Fill the shop with the demo's goods, codes, supplier and people. What is there stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, plan in zip(("catalogue", "bundles"), fill_shelves(now=clock.now()), strict=True):
            counts = ", ".join(f"{number} {outcome}" for outcome, number in plan.counts.items())
            self.stdout.write(f"{name}: {counts}")
        for name, batch in fill_vault():
            verdict = (
                f"{batch.accepted} accepted, {batch.duplicate} twice, {batch.rejected} refused"
            )
            self.stdout.write(f"{name}: {verdict}")
        self.stdout.write(f"supplier: {connect(now=clock.now())}")
        self.stdout.write(f"people: {invite(now=clock.now())} new")
        self.stdout.write(f"levels: {give_levels(now=clock.now())} new")
        self.stdout.write(f"tills: {open_tills(now=clock.now())}")
        self.stdout.write(f"promotions: {run_offers(now=clock.now())}")
        self.stdout.write(f"plans: {open_plans(now=clock.now())}")
        self.stdout.write(f"points: {give_points(now=clock.now())}")
        self.stdout.write(f"draws: {open_draws(now=clock.now())}")
        self.stdout.write(f"gift cards: {hand_out_cards(now=clock.now())}")
        self.stdout.write(f"flash sale: {open_flash(now=clock.now())}")
        self.stdout.write(f"group buy: {open_group_buy(now=clock.now())}")
        self.stdout.write(f"rewards: {open_rewards(now=clock.now())}")
        self.stdout.write(f"history: {remember(now=clock.now())}")
