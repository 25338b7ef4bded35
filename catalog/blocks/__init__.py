"""Page blocks: a socket of kinds, one file each, filled here and by floors above."""

from catalog.blocks.base import BLOCK_KINDS, Block, BlockKind, Moment
from catalog.blocks.fragments import FRAGMENTS, Fragment

__all__ = ["BLOCK_KINDS", "FRAGMENTS", "Block", "BlockKind", "Fragment", "Moment"]
