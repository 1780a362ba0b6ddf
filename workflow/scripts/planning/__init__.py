"""What is decided before the first job: the config, the shards, what each job depends on."""
