"""What is out and still holds: confirmed records, weights, addresses on the web."""
