"""An outside channel that buys from the shop. Protocol: docs/marketplaces.md."""

from simulators.marketplace.app import main

if __name__ == "__main__":
    main()
