lint ../../../manifests/profiles
