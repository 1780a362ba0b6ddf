"""The report: measures over an audit's tables, and the pages that show them."""
