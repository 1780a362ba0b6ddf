"""What is decided before the first job: the checked config, the shards and what each job depends on."""
