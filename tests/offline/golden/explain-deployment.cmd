explain --profile ../profiles/proxy.yaml deployment.yaml
