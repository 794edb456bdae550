"""The cloud storage methods as scripts written for `kili` name them."""
