"""Speed, measured beside its bound in one run, and reported as ratios."""
