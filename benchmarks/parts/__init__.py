"""What benchmarks share: a light client, the processes' own clocks, the database's ceiling, figures."""
