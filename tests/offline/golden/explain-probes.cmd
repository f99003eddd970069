explain --profile ../profiles/proxy.yaml probes.yaml
