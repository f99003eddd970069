inject --profile ../profiles/proxy.yaml deployment.yaml
