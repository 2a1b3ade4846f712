"""Stage `quality`: row rules, expectation suites and audits of a built dataset."""
