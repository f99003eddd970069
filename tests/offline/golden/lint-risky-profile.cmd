lint risky-profile.yaml
