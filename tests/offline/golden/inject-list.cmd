inject --profile ../profiles/proxy.yaml list.json
