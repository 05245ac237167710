"""The authoring protocols: projects, labels, training, deployments."""
