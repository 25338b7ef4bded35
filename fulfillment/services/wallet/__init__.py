"""What people own: joined to an account, activated, given on, reminded of."""
