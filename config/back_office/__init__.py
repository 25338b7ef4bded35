"""The back office as a whole: what leads where, and the page it opens with. Pages belong to the floors."""
