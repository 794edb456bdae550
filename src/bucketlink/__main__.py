"""``python -m bucketlink``: the command line."""

import sys

from bucketlink.cli import main

if __name__ == "__main__":
    sys.exit(main())
