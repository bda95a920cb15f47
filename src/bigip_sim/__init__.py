"""A BIG-IP to test against: iControl REST over HTTPS, and traffic through HAProxy."""
