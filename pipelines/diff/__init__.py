"""What differs between two datasets: two builds, two versions, or a version and a build."""
