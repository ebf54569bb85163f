"""Which variants can exist and why: rules, groups, selectors and the plan."""
