from simulators.supplier_c.app import main

if __name__ == "__main__":
    main()
