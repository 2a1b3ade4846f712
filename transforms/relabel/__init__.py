"""Stage `relabel`: free-form criteria and the preferences under them."""
