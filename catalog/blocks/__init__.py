"""Page blocks: a socket of kinds, filled here and by floors above (flash sales, coupons)."""

from catalog.blocks.base import BLOCK_KINDS, Block, BlockKind, Moment
from catalog.blocks.kinds import register

__all__ = ["BLOCK_KINDS", "Block", "BlockKind", "Moment", "register"]
