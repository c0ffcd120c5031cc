"""The families of random reports, FAMILIES in each module."""
