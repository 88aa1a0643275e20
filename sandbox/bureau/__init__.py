"""The tax bureau behind every cloud: what it checks, counts, issues and reverses."""
