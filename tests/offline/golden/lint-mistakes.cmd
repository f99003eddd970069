lint --profile ../profiles/proxy.yaml mistakes.yaml
