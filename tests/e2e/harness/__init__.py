"""What stories share: Weir as a process, endpoints that misbehave on request, clients that speak raw bytes, load."""
