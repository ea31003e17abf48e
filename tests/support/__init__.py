"""What several test folders use: the loader of cases and the place of the real records."""
