"""`python -m rtcc_analytics.cli` is `rtcc`."""

from rtcc_analytics.cli import main

main()
