"""The local payment gateway. Protocol: docs/protocols/localpay.md."""
