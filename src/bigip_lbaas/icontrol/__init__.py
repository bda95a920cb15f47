"""The only package that speaks HTTP to a BIG-IP."""
