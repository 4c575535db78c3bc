"""The oracle: reference numbers for the statistics, by other libraries; `make oracle`."""
