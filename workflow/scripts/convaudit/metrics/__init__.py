"""The field's ordinary numbers of a classifier, each with its interval where there is one."""
