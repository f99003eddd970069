inject --profile ../profiles/proxy.yaml -f kinds.yaml
