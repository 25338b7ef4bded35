"""Our goods and the money in them compared with suppliers' books and with ourselves."""
