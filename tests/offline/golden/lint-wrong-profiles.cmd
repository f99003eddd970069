lint wrong-profiles.yaml
