"""`omnireward view`: a whole dataset in the browser, read-only and on this machine alone."""
