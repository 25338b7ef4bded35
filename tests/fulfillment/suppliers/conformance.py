"""What every adapter must survive, whatever it speaks: against a counterpart over real HTTP.

A dialect's own test makes a ``Kit`` and inherits ``Conformance``; that is all::

    class TestMine(Conformance):
        kit = Kit(dialect="mine", simulator="supplier_mine")

The counterpart is a process on the engine of ``simulators.supply``. Its truth log says what was
really sold and charged; nothing here asks the adapter whether the adapter was right.
"""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from simulators.supply.script import Supplier as Script
from tests.fulfillment.simulated import Suppliers
from tests.fulfillment.suppliers.suite.goods import Goods
from tests.fulfillment.suppliers.suite.kit import COST, SECRET, Bench, Kit
from tests.fulfillment.suppliers.suite.lists import Lists
from tests.fulfillment.suppliers.suite.messages import Messages
from tests.fulfillment.suppliers.suite.purchases import Purchases

__all__ = ["SECRET", "Conformance", "Kit"]


class Conformance(Purchases, Goods, Messages, Lists):
    """Inherit, name the kit, and run."""

    kit: ClassVar[Kit]

    @pytest.fixture
    def bench(self, suppliers: Suppliers) -> Iterator[Bench]:
        kit = self.kit
        url = suppliers.get(kit.simulator, secret=SECRET, module=kit.module).url
        script = Script(url)
        for act, body in kit.prepare.items():
            script.control(act, **body)
        yield Bench(kit, url, script)
        script.clear_faults()
        for name in ("TOPUP-1", "TOPUP-2", "CARD-1"):
            script.product(name, cost_minor=COST, stock=None, state="on", max_quantity=100)
