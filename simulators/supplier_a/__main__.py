from simulators.supplier_a.app import main

if __name__ == "__main__":
    main()
