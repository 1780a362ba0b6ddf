"""Before the first job: check the config, plan shards and layers, compute the jobs' keys."""
