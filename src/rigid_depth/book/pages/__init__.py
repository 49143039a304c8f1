"""The pages made from data, as text."""
