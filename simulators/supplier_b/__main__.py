from simulators.supplier_b.app import main

if __name__ == "__main__":
    main()
