"""Looking at a set-up, without changing anything: what is well, what is not, and how to mend it."""
