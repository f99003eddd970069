lint --profile ../profiles/proxy.yaml --namespace-file namespaces.yaml ../profiles/proxy.yaml ../profiles/agent.yaml deployment.yaml pods.yaml
