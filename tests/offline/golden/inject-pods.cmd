inject -q --profiles-dir ../profiles --default-profiles proxy --namespace-file namespaces.yaml pods.yaml
