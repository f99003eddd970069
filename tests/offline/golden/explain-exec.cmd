explain --profile ../profiles/proxy.yaml --image-volumes --gate-image example/sidewire:7 -n mine exec.yaml
