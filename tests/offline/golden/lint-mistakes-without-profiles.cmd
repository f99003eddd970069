lint mistakes.yaml
