"""What a person looks at: one set of templates and one stylesheet for report, viewer and sheet."""
