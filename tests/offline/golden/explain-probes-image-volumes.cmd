explain --profile ../profiles/proxy.yaml --image-volumes probes.yaml
