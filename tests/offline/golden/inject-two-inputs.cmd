inject --profile ../profiles/proxy.yaml deployment.yaml list.json
