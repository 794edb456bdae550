"""What differs between a bucket and a project, and the engine that finds it out."""
